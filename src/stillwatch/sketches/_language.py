"""Script and language of a text, for fairness reporting only: never evidence.

Script: the majority among letters (ISO 15924). Language (ISO 639-1): by script where it settles
the matter, else by a vote of stop words over the first tokens, else `und`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, U64, ZERO, seeds
from stillwatch.sketches._tokens import Tokens, tokenise
from stillwatch.sketches._unicode import SCRIPTS

_BY_SCRIPT: Final = {
    "Hani": "zh", "Jpan": "ja", "Hang": "ko", "Arab": "ar", "Hebr": "he", "Deva": "hi",
    "Thai": "th", "Grek": "el", "Beng": "bn", "Taml": "ta", "Telu": "te", "Guru": "pa",
    "Gujr": "gu", "Orya": "or", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Laoo": "lo",
    "Tibt": "bo", "Mymr": "my", "Geor": "ka", "Ethi": "am", "Khmr": "km", "Mong": "mn",
    "Armn": "hy", "Thaa": "dv", "Syrc": "syr", "Cher": "chr",
}  # fmt: skip
_STOP_WORDS: Final = {
    "en": "the of and to in is you that it for on are with as this be at have from or by what how",
    "es": "el la de que y en los un por con una las del para es se al lo como más qué cómo",
    "fr": "le la les de des et un une est du en que qui dans pour pas vous au sur ce avec je",
    "de": "der die und das ist ein nicht ich zu den mit von sie für auf im eine wie auch dem es",
    "pt": "o a de que e do da em um para com não uma os no se na por mais as dos você como",
    "it": "il di che la è e un per non una sono in del le con si della da come gli nel",
    "nl": "de het een en van is dat niet te zijn op met voor er maar ook aan wat hoe ik je",
    "pl": "i w nie na się że jest do to z jak co ale czy dla jest przez od tak po o",
    "tr": "ve bir bu için ne ile de da çok ben mi nasıl gibi olan daha var en o kadar",
    "vi": "là của và có cho không một các được trong với này những người để tôi như làm thế nào",
    "id": "yang dan di ini untuk dengan itu dari tidak dalam ke adalah saya apa bagaimana pada",
    "sv": "och att det som en på är av för med den till inte om har ett jag du hur var",
    "ru": "и в не на что с как это по для из я к он от но мы так же ты или",
    "uk": "і в не на що з як це по для та є до я від але ми й ти або чи",
    "fa": "و در به از که این را با است برای آن یک",
    "ur": "کے میں کی ہے اور سے کا کو پر نے یہ ہیں",
}
LANGUAGES: Final = tuple(_STOP_WORDS)
NAMES: Final = (*LANGUAGES, *sorted({"und", *_BY_SCRIPT.values()} - set(LANGUAGES)))
_OF_SCRIPT: Final = np.array([NAMES.index(_BY_SCRIPT.get(name, "und")) for name in SCRIPTS])
VOTERS: Final = 256  # tokens that vote


class StopWords(NamedTuple):
    """Open-addressing table of hashed stop words and the languages that own them."""

    slots: U64
    owners: I64


@lru_cache(maxsize=4)
def stop_words(key: bytes) -> StopWords:
    """Hash the stop words for one key."""
    owners: dict[int, int] = {}
    for index, words in enumerate(_STOP_WORDS.values()):
        raw = np.frombuffer(words.encode(), dtype=np.uint8)
        for value in tokenise(raw, np.array([0, len(raw)]), seeds(key, "token", 1)[0]).values:
            owners[int(value)] = owners.get(int(value), 0) | 1 << index
    table = StopWords(np.zeros(2048, dtype=np.uint64), np.zeros(2048, dtype=np.int64))
    for value, languages in owners.items():
        at = value & 2047
        while table.slots[at]:
            at = (at + 1) & 2047
        table.slots[at], table.owners[at] = value, languages
    return table


def scripts(counts: I32) -> NDArray[np.intp]:
    """Return the majority script of each text, as a place in `SCRIPTS`; 0 where no letters are.

    Any fifth of kana makes a text Japanese: most of its letters may be Han.
    """
    letters = counts.copy()
    letters[:, 0] = 0
    han, kana = SCRIPTS.index("Hani"), SCRIPTS.index("Jpan")
    japanese = (letters[:, kana] > 0) & (letters[:, kana] * 4 >= letters[:, han])
    letters[:, kana] += np.where(japanese, letters[:, han], 0)
    letters[:, han][japanese] = 0
    best: NDArray[np.intp] = letters.argmax(axis=1)
    return best


def languages(
    tokens: Tokens, texts: I64, majority: NDArray[np.intp], key: bytes
) -> NDArray[np.intp]:
    """Return the language of each chosen text as a place in `NAMES`; `majority` is its script."""
    best = np.full(len(texts), -1, dtype=np.int32)
    vote(tokens.values, tokens.bounds, texts, *stop_words(key), best)
    result = _OF_SCRIPT[majority]
    voted = best >= 0
    for script, own in (("Latn", LANGUAGES[:12]), ("Cyrl", ("ru", "uk")), ("Arab", ("fa", "ur"))):
        places = np.isin(best, [LANGUAGES.index(name) for name in own])
        chosen = voted & places & (majority == SCRIPTS.index(script))
        result[chosen] = best[chosen]
    return result


@kernel
def vote(values: U64, bounds: I64, texts: I64, slots: U64, owners: I64, best: I32) -> None:
    """Fill `best` with the language of most stop words; -1 under two words or on a tie."""
    votes = np.zeros(64, dtype=np.int64)
    mask = np.uint64(len(slots) - 1)
    for n in range(len(texts)):
        if texts[n] < 0:
            continue
        votes[:] = 0
        start, end = bounds[texts[n]], bounds[texts[n] + 1]
        for i in range(start, min(end, start + VOTERS)):
            at = values[i] & mask
            while slots[at] != ZERO and slots[at] != values[i]:
                at = (at + np.uint64(1)) & mask
            owner = owners[at]
            language = 0
            while owner:
                votes[language] += owner & 1
                owner >>= 1
                language += 1
        most = votes.max()
        if most >= 2 and (votes == most).sum() == 1:
            best[n] = votes.argmax()
