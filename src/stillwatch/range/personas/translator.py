"""Translators and people who work in several languages (look-alike B14).

Trips: A9: answers in another script than the question, orders to think and then translate, and
now and then a text whose subject is memory or thought. What separates it: nothing refers to the
model's own reasoning; the document to be translated comes with the request.

Parameters, all ours: about 36 freelancers, alone, and five agencies of 3 to 7 with one brief
each; six in ten requests are translations, three quarters of the accounts write in a language
other than English.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._languages import LANGUAGES
from stillwatch.range._ordinary import homes, ordinary, wrapped
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._text import by_group, fill, in_english, sentences, tongues
from stillwatch.range.contracts import IntArray, Persona, Traffic, World

ORDERS: Final = {
    "en": (
        "Translate into {language}, keep the tone:\n",
        "First think about the register, then translate into {language}:\n",
        "Subtitle in {language}, at most {small} words a line: ",
        "Check my {language} version against this original: ",
    ),
    "es": (
        "Traduce al inglés sin cambiar el tono: ",
        "Piensa en el registro y traduce al árabe: ",
        "Corrige mi traducción: ",
    ),
    "zh": (
        "翻译成英文，保持语气：",
        "先想一想语体，再翻译成西班牙文：",
        "校对这段译文：",
    ),
    "ar": (
        "ترجم إلى الإنجليزية مع الحفاظ على الأسلوب: ",
        "راجع هذه الترجمة: ",
        "ترجم إلى الروسية: ",
    ),
    "hi": (
        "अंग्रेज़ी में अनुवाद करें, लहजा वही रहे: ",
        "इस अनुवाद को जाँचें: ",
    ),
    "fr": (
        "Traduis en anglais en gardant le ton : ",
        "Relis ma traduction : ",
        "Traduis en chinois, registre soutenu : ",
    ),
    "ru": (
        "Переведи на английский, сохрани тон: ",
        "Проверь мой перевод: ",
        "Подумай о стиле и переведи на хинди: ",
    ),
}
SUBJECTS: Final = {
    "en": "On working memory and the chain of thought in children. ",
    "es": "Sobre la memoria de trabajo. ",
    "zh": "关于工作记忆的研究。",
    "ar": "حول الذاكرة العاملة. ",
    "ru": "Про рабочую память. ",
}
"""Texts of psychologists, which say what the cues of A9 listen for."""
BRIEFS: Final = [
    "You are the translation desk of {payload}. Follow the glossary. Keep numbers and names. Reply "
    "with the translation and nothing else.",
]


class Translator:
    """Translators, and people between languages."""

    name: ClassVar[str] = "translator"
    summary: ClassVar[str] = "translators and multilingual users, in languages of their own"
    look_alike: ClassVar[str] = "B14"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 36 freelancers and 5 agencies."""
        alone, agencies = world.count(36, least=4), world.count(5)
        staff = deal(rng, agencies, 3, 7, 4.0)
        group = np.concatenate([np.full(alone, -1), staff]).astype(np.int64)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=0.35)
        accounts = belong(rng, accounts, group, organization=0.6, payment=0.8, domain=0.9)
        counts = np.maximum(2, sizes(rng, n, 24.0, world.span.days))
        tongue = tongues(rng, n, foreign=0.75)
        traffic = ordinary(rng, world, accounts, counts, homes(rng, n, 0.1), tongue=tongue)
        account = traffic.account
        switches = rng.random(len(account)) < 0.2
        language = np.where(switches, tongues(rng, len(account), 0.5), tongue[account])
        translates = rng.random(len(account)) < rng.beta(3.0, 2.0, n)[account]
        desk = fill(rng, ("{company} in {place}, {industry}",), agencies)
        brief = wrapped(rng, BRIEFS, np.zeros(agencies, np.int64), desk)
        member = group[account]
        return Traffic(
            accounts,
            account,
            traffic.time_us,
            traffic.address,
            pc.if_else(pa.array(translates), _orders(rng, language), traffic.user),
            pc.if_else(pa.array(translates), _versions(rng, language), traffic.response),
            brief.take(pa.array(np.maximum(member, 0), mask=(member < 0) | ~translates)),
            language=np.where(translates, language, traffic.languages),
        )


def _orders(rng: np.random.Generator, language: IntArray) -> pa.Array:
    """Return an order and the document to be translated, in the language of each row."""

    def make(k: int, rows: IntArray) -> pa.Array:
        code = "en" if k < 0 else LANGUAGES[k].code
        order = fill(rng, ORDERS[code], len(rows))
        about = np.where(rng.random(len(rows)) < 0.04, SUBJECTS.get(code, ""), "")
        text = sentences(rng, rng.integers(2, 10, len(rows)), k)
        return pc.binary_join_element_wise(order, pa.array(about.tolist()), text, "")

    return by_group(language, make)


def _versions(rng: np.random.Generator, language: IntArray) -> pa.Array:
    """Return translations: English for a text in another language, another language for English."""
    other = rng.integers(0, len(LANGUAGES), len(language))
    target = np.where(language < 0, other, in_english(len(language)))
    target = np.where(rng.random(len(language)) < 0.2, other, target)
    return by_group(target, lambda k, rows: sentences(rng, rng.integers(2, 10, len(rows)), k))


PERSONA: Persona = Translator()
