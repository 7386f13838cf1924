"""Makes training material by the batch.

Detects: orders for many varied questions, tasks or dialogues at once; data set formats (A4, A5).
Needs: messages.
Look-alikes: B4 synthetic data for a narrow model of one's own; B11 classes; copywriters.
Blind spots: one item a request, which is how a patient harvester works.
Triage: coverage growth over days says more than the wording.
Source: FIELD.md A4 and B4; wordings of self-instruct descendants.
"""

from __future__ import annotations

from typing import Final

from stillwatch.sketches._lexicon import ContentSketch, Cue, example

SKETCH: Final = ContentSketch(
    name="batch_generation",
    tactics=("A4", "A5"),
    look_alikes=("B4", "B11"),
    groups={
        "quantity": Cue(
            0.3,
            "generate 0 | write 0 … questions | create 0 … questions | come up with 0 | "
            "produce 0 | list of 0 | 0 diverse | 0 different | 0 unique | 0 examples | "
            "生成0 | 写0个 | 0个不同 | genera 0 | crea 0 | escribe 0 | сгенерируй 0 | "
            "придумай 0 | напиши 0 | أنشئ 0 | اكتب 0 | generiere 0 | génère 0",
        ),
        "items": Cue(
            0.2,
            "questions and answers | question answer pairs | question and answer pairs | "
            "multiple choice questions | exam questions | practice problems | "
            "math problems | coding problems | test cases … inputs | 问答对 | 选择题 | "
            "练习题 | preguntas y respuestas | вопросы и ответы | вопросов и ответов | "
            "أسئلة وأجوبة",
        ),
        "tasks": Cue(
            0.5,
            "come up with … tasks | series of tasks | diverse tasks | diverse instructions | "
            "new instructions | task instructions | instruction following examples | "
            "seed tasks | instruction input output | 多样化的任务 | 新的指令 | 指令数据 | "
            "instrucciones diversas | tareas diversas | разнообразные задания | "
            "новые инструкции | مهام متنوعة | تعليمات متنوعة",
        ),
        "data_set": Cue(
            0.5,
            "training data | training examples | training set | fine tuning data | "
            "fine tune … model | fine tuning dataset | synthetic data | synthetic dataset | "
            "sft data | instruction tuning | distill … model | teacher model | "
            "student model | 训练数据 | 微调数据 | 合成数据 | 学生模型 | 教师模型 | "
            "datos de entrenamiento | datos sintéticos | обучающие данные | "
            "обучающих данных | синтетические данные | بيانات التدريب | بيانات اصطناعية",
        ),
        "pairs": Cue(
            0.4,
            "instruction response pairs | prompt response pairs | prompt completion pairs | "
            "input output pairs | multi turn dialogues | multi turn conversation | "
            "conversation between … assistant | 指令回复对 | 多轮对话 | "
            "pares de instrucción | пары инструкция | многоходовой диалог | أزواج التعليمات",
        ),
        "format": Cue(
            0.25,
            "one per line | jsonl | json lines | json array of | each line … json | "
            "list of json objects | 每行一个 | каждая строка | por línea | كل سطر",
        ),
        "variety": Cue(
            0.25,
            "as diverse as possible | diverse topics | different topics | various domains | "
            "wide range of topics | different difficulty | varying difficulty | "
            "different domains | cover … topics | 尽可能多样 | 不同主题 | 不同领域 | "
            "不同难度 | temas diversos | lo más diverso | разные темы | разной сложности | "
            "مواضيع متنوعة | مستويات صعوبة",
        ),
        "no_repeats": Cue(
            0.2,
            "do not repeat | avoid repeating | avoid duplicates | no duplicates | "
            "must not overlap | different from the examples | different from the above | "
            "similar to the examples | 不要重复 | 避免重复 | sin repetir | без повторов | "
            "не повторяй | دون تكرار",
        ),
        "evolve": Cue(
            0.45,
            "rewrite … more complex | make … more challenging | more complex version | "
            "harder version | prompt rewriter | evolve the | increase the difficulty | "
            "rewrite the given prompt | 更复杂的版本 | 改写指令 | versión más compleja | "
            "более сложную версию | نسخة أكثر تعقيدا",
        ),
    },
    examples=(
        example(
            "seed tasks for a student",
            "fires",
            user=(
                "Come up with 20 diverse tasks as instruction response pairs. They "
                "become training data, one per line, avoid duplicates."
            ),
        ),
        example(
            "harder versions",
            "fires",
            user=(
                "You are a prompt rewriter. Rewrite the given prompt into a more complex version."
            ),
        ),
        example(
            "travel",
            "benign",
            user="Which train goes from the harbour to the old town?",
        ),
        example(
            "a teacher wants a quiz (B11)",
            "hard_benign",
            user=("Please write five short quiz questions about photosynthesis for my class."),
        ),
        example(
            "no messages",
            "abstains",
        ),
    ),
)
