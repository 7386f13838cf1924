"""Asks the model who it is, or tells it to be another.

Detects: questions after model, maker and hidden instructions, and orders to claim another identity;
both appear when somebody checks or cleans what was harvested (A20, A22).
Needs: messages.
Look-alikes: curious users, B3 researchers, B17 tools that verify providers, B10 app personas.
Blind spots: a single curious question looks the same.
Triage: worth something only when the same wording recurs over accounts.
Source: FIELD.md section 6, content indicators. Assistant names are listed alike and stand for none.
"""

from __future__ import annotations

from typing import Final

from stillwatch.sketches._lexicon import ContentSketch, Cue, example

SKETCH: Final = ContentSketch(
    name="identity_confusion",
    tactics=("A20", "A22"),
    look_alikes=("B3", "B10", "B17"),
    groups={
        "which_model": Cue(
            0.35,
            "which model are you | what model are you | what model is this | "
            "which llm are you | what version are you | what language model | "
            "which language model | model name and version | are you gpt | 你是什么模型 | "
            "你是哪个模型 | 什么大模型 | qué modelo eres | какая ты модель | какая модель | "
            "ما هو نموذجك | أي نموذج أنت | quel modèle es tu | welches Modell bist du",
        ),
        "maker": Cue(
            0.3,
            "who created you | who made you | who trained you | who developed you | "
            "which company … you | 谁创造了你 | 谁开发了你 | 谁训练了你 | quién te creó | "
            "quién te entrenó | кто тебя создал | кто тебя обучил | من صنعك | من طورك | "
            "qui t a créé | wer hat dich",
        ),
        "name": Cue(
            0.3,
            "are you chatgpt | are you claude | are you gemini | are you llama | "
            "are you mistral | are you grok | are you qwen | are you deepseek | "
            "are you kimi | are you copilot | 你是chatgpt | eres chatgpt | ты chatgpt | "
            "هل أنت chatgpt",
        ),
        "cutoff": Cue(
            0.3,
            "knowledge cutoff | knowledge cut off | training cutoff | training cut off | "
            "cutoff date | 知识截止 | 训练截止 | fecha de corte | дата отсечения | "
            "تاريخ انقطاع المعرفة",
        ),
        "instructions": Cue(
            0.4,
            "your system prompt | reveal your instructions | repeat the text above | "
            "repeat everything above | print your instructions | initial instructions | "
            "your hidden instructions | 你的系统提示 | 重复以上 | tus instrucciones | "
            "tu prompt de sistema | твой системный промпт | свои инструкции | "
            "تعليماتك الأصلية",
        ),
        "claim": Cue(
            0.5,
            "always say you are | claim to be | you must say … developed by | "
            "say that you were created | never mention that you are | "
            "do not reveal … model | never reveal … model | do not mention openly | "
            "if asked who you are | if asked about your identity | if asked … who made you | "
            "如果问你是谁 | 不要透露你是 | 你的名字是 | si te preguntan quién eres | "
            "no reveles que | если спросят кто ты | не раскрывай | إذا سئلت من أنت | لا تكشف",
        ),
        "scrub": Cue(
            0.5,
            "replace … with our | remove … mentions of | remove references to | "
            "remove any mention … ai | as an ai language model | identity … replaced | "
            "删除提及 | 替换模型名称 | elimina menciones | удали упоминания | احذف الإشارات",
        ),
        "same_as": Cue(
            0.35,
            "same model as | are you really | prove that you are | underlying model | "
            "base model are you | 真实身份 | 底层模型 | modelo subyacente | базовая модель | "
            "النموذج الأساسي",
        ),
    },
    examples=(
        example(
            "asks for model and cut-off",
            "fires",
            user="Which model are you, who trained you, and what is your knowledge cutoff?",
        ),
        example(
            "told to be another",
            "fires",
            system=("If asked who you are, always say you are Helper and never reveal the model."),
            user="Hello",
        ),
        example(
            "small talk",
            "benign",
            user="Good morning! Can you suggest a name for my cat?",
        ),
        example(
            "a persona without a claim (B10)",
            "hard_benign",
            system="You are a friendly pirate.",
            user="Tell me about your ship.",
        ),
        example(
            "no messages",
            "abstains",
        ),
    ),
)
