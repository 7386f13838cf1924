"""Uses the model as a judge or reward model.

Detects: a rubric with candidate answers, scores in a fixed form, preference pairs (A13).
Needs: messages.
Look-alikes: B5 labelling vendors and judge pipelines; B17 model comparison sites; teachers.
Blind spots: rubrics without the usual words; scores asked for in prose.
Triage: a stable rubric over a customer's own texts is ordinary business; a rubric over answers to
questions of many fields is not.
Source: FIELD.md A13; wordings of published judge prompts.
"""

from __future__ import annotations

from typing import Final

from stillwatch.sketches._lexicon import ContentSketch, Cue, example

SKETCH: Final = ContentSketch(
    name="rubric_grading",
    tactics=("A13",),
    look_alikes=("B5", "B17"),
    groups={
        "scale": Cue(
            0.3,
            "scale of 0 | scale from 0 | from 0 to 0 | between 0 and 0 | out of 0 | "
            "rating of 0 | score of 0 | 0 points | 0 being the | 从0到0 | 0到0分 | 0分制 | "
            "满分0 | escala de 0 | del 0 al 0 | puntuación del 0 | по шкале | от 0 до 0 | "
            "على مقياس | من 0 إلى 0 | von 0 bis 0 | de 0 à 0",
        ),
        "score_only": Cue(
            0.35,
            "only the score | only a score | only a number | only the number | "
            "just the score | single integer | final score | score as json | "
            "score … explanation | output … score | 只输出分数 | 只返回分数 | 最终得分 | "
            "sólo la puntuación | solo la puntuación | puntuación final | только оценку | "
            "только число | итоговая оценка | الدرجة فقط | رقم فقط | الدرجة النهائية",
        ),
        "rubric": Cue(
            0.35,
            "rubric | grading criteria | scoring criteria | evaluation criteria | "
            "scoring guidelines | grading guidelines | 评分标准 | 评价标准 | 评分细则 | "
            "criterios de evaluación | rúbrica | критерии оценки | критериям оценки | "
            "рубрика | معايير التقييم | معايير التصحيح",
        ),
        "judge": Cue(
            0.4,
            "impartial judge | act as a judge | you are a judge | you are a grader | "
            "you are an evaluator | expert evaluator | strict grader | fair judge | "
            "llm judge | reward model | 公正的裁判 | 评审专家 | 你是评委 | 你是一名评 | "
            "juez imparcial | evaluador experto | беспристрастный судья | "
            "ты эксперт … оценк | вы эксперт … оценк | حكم محايد | أنت مقيم",
        ),
        "pairwise": Cue(
            0.45,
            "response a … response b | assistant a … assistant b | answer a … answer b | "
            "output a … output b | which response is better | which answer is better | "
            "better of the two | two responses | two ai assistants | compare the two | "
            "[a]] … [b] | 哪个回答更好 | 回答a | 两个回答 | respuesta a | dos respuestas | "
            "cuál respuesta es mejor | какой ответ лучше | ответ a | два ответа | "
            "أي إجابة أفضل | الإجابة أ | إجابتين",
        ),
        "candidate": Cue(
            0.3,
            "candidate answer | candidate response | model response | model s response | "
            "model output | model s answer | student answer | student s answer | "
            "submitted answer | answer to evaluate | response to evaluate | 候选答案 | "
            "模型回答 | 模型的回答 | 待评估 | respuesta candidata | respuesta del modelo | "
            "ответ модели | ответ кандидата | إجابة النموذج | الإجابة المرشحة",
        ),
        "reference": Cue(
            0.2,
            "reference answer | gold answer | ground truth | correct answer is given | "
            "参考答案 | 标准答案 | respuesta de referencia | эталонный ответ | "
            "эталонного ответа | الإجابة المرجعية | الإجابة النموذجية",
        ),
        "dimensions": Cue(
            0.25,
            "helpfulness | harmlessness | faithfulness | instruction following | "
            "correctness … completeness | accuracy … clarity | relevance … coherence | "
            "有用性 | 准确性 | 连贯性 | utilidad … precisión | полезность … точность | "
            "точность … полнота | الدقة … الوضوح",
        ),
        "preference": Cue(
            0.45,
            "chosen … rejected | preference label | preference pair | preferred response | "
            "reward score | rank the responses | rank the following responses | 偏好标签 | "
            "偏好数据 | respuesta preferida | предпочтительный ответ | الاستجابة المفضلة",
        ),
        "evaluate": Cue(
            0.2,
            "evaluate the following | evaluate the quality | grade the following | "
            "rate the following | rate the quality | assess the quality | "
            "score the following | judge the quality | 评估以下 | 请评分 | 打分 | "
            "evalúa la siguiente | evalúa la calidad | califica la siguiente | "
            "оцени следующий | оцените следующий | оцените качество | оцени качество | "
            "قيم الإجابة | قيم جودة",
        ),
    },
    examples=(
        example(
            "a judge with a rubric",
            "fires",
            system="You are an impartial judge. Apply the grading criteria strictly.",
            user=(
                "Model response: The sea is blue. Rate the quality on a scale of 1 to 10 "
                "and output only the score."
            ),
        ),
        example(
            "preference pairs",
            "fires",
            user=(
                "Response A: yes. Response B: no. Which response is better? Give the "
                "preference label."
            ),
        ),
        example(
            "a judge in Russian",
            "fires",
            user=(
                "Оцените качество. Ответ модели: небо синее. Критерии оценки: точность и "
                "полнота. Верни только число по шкале от 1 до 10."
            ),
        ),
        example(
            "a cook",
            "benign",
            user="How long do I boil an egg so that the yolk stays soft?",
        ),
        example(
            "a teacher marks one essay (B5)",
            "hard_benign",
            user=(
                "Grade the following essay of my pupil, please, and tell me kindly what to improve."
            ),
        ),
        example(
            "no messages",
            "abstains",
        ),
    ),
)
