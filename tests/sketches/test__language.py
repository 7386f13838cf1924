"""Language and script: for fairness reports, never evidence."""

from __future__ import annotations

import pytest
from tests.sketches._build import sketch, sketch_user, turns

SENTENCES = {
    "en": "What is the best way to learn how the engine of a car works, and for how long?",
    "es": "¿Cómo se hace la tortilla y qué es lo que más gusta en los bares con las tapas?",
    "fr": "Je ne sais pas ce que vous voulez dans une ville qui est sur la côte avec des enfants.",
    "de": "Wie kann ich mit dem Zug von der Stadt zu den Bergen fahren, ist das nicht teuer?",
    "pt": "Você não sabe como é que uma pessoa faz para não se perder na cidade com os mapas?",
    "it": "Come si fa la pasta con il pomodoro e che cosa è una salsa che non è per gli adulti?",
    "nl": "Hoe kan ik het beste met de trein naar een stad aan zee, en wat kost dat voor een kind?",
    "pl": "Jak to się robi, że ciasto nie jest za suche, i co zrobić z tym, co zostaje na stole?",
    "tr": "Bu yemek nasıl yapılır ve ne kadar sürer, ben de evde denemek için istiyorum.",
    "sv": "Hur ska jag göra för att det inte ska vara så kallt i huset, och vad kostar det?",
    "ru": "Как приготовить борщ, чтобы он был не хуже, чем у бабушки, и что для этого нужно?",
    "uk": "Як приготувати борщ, щоб він був не гірший, і що для цього треба, або чи є рецепт?",
    "zh": "请问怎样才能把红烧肉做得软糯又不油腻？",
    "ja": "日本語の勉強を始めたいのですが、どの本がおすすめですか？",
    "ko": "김치찌개를 맛있게 끓이는 방법을 알려 주세요.",
    "ar": "كيف يمكنني تعلم الطبخ في المنزل بسرعة؟",
    "he": "איך אפשר ללמוד לבשל בבית מהר?",
    "hi": "घर पर जल्दी खाना बनाना कैसे सीखें?",
    "th": "ฉันจะเรียนทำอาหารที่บ้านได้อย่างไร",
    "el": "Πώς μπορώ να μάθω να μαγειρεύω γρήγορα στο σπίτι;",
    "ka": "როგორ ვისწავლო სახლში სწრაფად მომზადება?",
}
SCRIPTS = {"ru": "Cyrl", "uk": "Cyrl", "zh": "Hani", "ja": "Jpan", "ko": "Hang", "ar": "Arab"}
SCRIPTS |= {"he": "Hebr", "hi": "Deva", "th": "Thai", "el": "Grek", "ka": "Geor"}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_plain_sentence_is_recognised(language: str) -> None:
    found = sketch_user(SENTENCES[language])
    assert found["language"] == language
    assert found["script"] == SCRIPTS.get(language, "Latn")


@pytest.mark.parametrize("edit", [str.upper, str.swapcase, lambda t: t.replace(" ", "\n\u200b ")])
@pytest.mark.parametrize("language", ["en", "es", "de", "ru", "zh"])
def test_case_and_invisible_characters_change_nothing(language: str, edit: object) -> None:
    assert sketch_user(edit(SENTENCES[language]))["language"] == language  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "   ", "12345 67", "!?!", "ok", "Zürich Genève Bologna"])
def test_too_little_is_und(text: str) -> None:
    assert sketch_user(text)["language"] == "und"


@pytest.mark.parametrize(("text", "script"), [("12 + 34", "Zyyy"), ("🙂🙂", "Zyyy"), ("a", "Latn")])
def test_the_script_of_what_has_few_letters(text: str, script: str) -> None:
    assert sketch_user(text)["script"] == script


def test_the_majority_of_letters_decides() -> None:
    assert sketch_user("word слово слово слово")["script"] == "Cyrl"
    assert sketch_user("слово word word word")["script"] == "Latn"
    assert sketch_user("漢字漢字漢字漢字 です")["script"] == "Jpan", "a fifth of kana is enough"
    assert sketch_user("汉字汉字汉字汉字汉字 の")["script"] == "Hani"


def test_only_the_last_user_message_counts() -> None:
    spoken = (("system", "ru"), ("user", "de"), ("assistant", "zh"))
    said = turns(*((role, SENTENCES[language]) for role, language in spoken))
    found = sketch(messages=said, response=SENTENCES["ja"])
    assert (found["language"], found["script"]) == ("de", "Latn")
    assert found["response_script"] == "Jpan"


def test_without_text_there_is_no_language() -> None:
    for messages in (None, "[]", '[{"role":"system","content":"the of and"}]'):
        found = sketch(messages=messages)
        assert found["language"] is None
        assert found["script"] is None
        assert found["prompt_length"] is None
    assert sketch()["response_script"] is None
    assert sketch(response="")["response_length"] == 0
