"""Vocabulary and prompt patterns of the other languages of the composed text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """Words and prompt patterns of a language; `{a}` `{b}` `{c}` are runs of words."""

    code: str
    words: tuple[str, ...]
    prompts: tuple[str, ...]
    gap: str = " "
    stop: str = "."


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LANGUAGES: Final = (
    Language(
        "es",
        _split(
            """el jardín la factura un proyecto los vecinos una reunión el río la clase
            mi hermana este contrato otra semana siempre mejora cambia explica
            guarda compara con sin para sobre desde hasta muy poco antes después
            mientras cuando aunque porque el puerto la cocina viejo nueva rápida
            lento barato camino ciudad libro cuenta pregunta viaje salud empresa
            escuela mercado verano invierno trabajo sueldo receta montaña motor
            datos"""
        ),
        (
            "¿Cómo {a} si {b}?",
            "Explícame {a} y {b}, {c}.",
            "Escribe un correo: {a}, {b}.",
            "Necesito ayuda con {a}. {b}. {c}",
            "Resume {a}: {b} {c} {a}.",
            "Hola, {a} porque {b}",
            "Traduce al inglés: {a} {b} {c}",
        ),
    ),
    Language(
        "zh",
        _split(
            """我们 项目 花园 合同 学校 城市 天气 数据 模型 经济 历史 音乐 电影
            医生 老师 学生 公司 市场 问题 方法 可以 需要
            应该 正在 已经 因为 所以 但是 如果 关于 非常
            比较 简单 复杂 重要 新的 旧的 快速 缓慢 便宜
            旅行 健康 工作 家庭 时间 价格 语言 科学 技术
            艺术 食物 山水 河流 冬天 夏天 计划 报告 分析
            设计 测试 改进 解释 选择 管理 保存"""
        ),
        (
            "请解释{a}，{b}。",
            "{a}怎么办？{b}",
            "帮我写{a}，{c}",
            "如何{a}并且{b}？",
            "把下面翻译成英文：{a}{b}。{c}",
            "总结：{a}，{b}，{c}。",
        ),
        gap="",
        stop="。",
    ),
    Language(
        "ar",
        _split(
            """المشروع الحديقة المدرسة المدينة العقد الطبيب الطالب السوق الشركة الطعام
            السفر الصحة العمل العائلة الوقت السعر اللغة العلم التقنية الفن النهر
            الجبل الشتاء الصيف الخطة التقرير في من إلى على عن مع قبل بعد عندما لأن
            لكن يمكن يجب نريد أحتاج جديد قديم سريع بطيء رخيص مهم بسيط معقد جدا أيضا
            دائما أحيانا الكتاب السؤال الحساب الرسالة البيت الطريق"""
        ),
        (
            "كيف {a} {b}؟",
            "اشرح لي {a} {b}.",
            "اكتب رسالة {a}، {b}.",
            "لخص {a}: {b} {c}",
            "ترجم إلى الإنجليزية: {a} {b}",
            "مرحبا، {a} {c}",
        ),
    ),
    Language(
        "hi",
        _split(
            """परियोजना बगीचा विद्यालय शहर अनुबंध डॉक्टर छात्र बाज़ार कंपनी भोजन यात्रा
            स्वास्थ्य काम परिवार समय कीमत भाषा विज्ञान तकनीक कला नदी पहाड़ सर्दी
            गर्मी योजना रिपोर्ट में से को पर के लिए साथ पहले बाद जब क्योंकि लेकिन
            सकता चाहिए नया पुराना तेज़ धीमा सस्ता महत्वपूर्ण सरल कठिन बहुत भी हमेशा
            कभी किताब सवाल खाता पत्र घर रास्ता है था होगा"""
        ),
        (
            "{a} कैसे {b}?",
            "मुझे {a} समझाइए, {b}।",
            "{a} पर लिखिए: {b}",
            "सारांश: {a} {b} {c}।",
            "अंग्रेज़ी में अनुवाद: {a} {b}",
        ),
        stop="।",
    ),
    Language(
        "fr",
        _split(
            """le jardin la facture un projet les voisins une réunion la rivière le
            cours ma sœur ce contrat une semaine toujours améliore change explique
            garde compare avec sans pour sur depuis avant après pendant quand parce
            que vieux nouvelle rapide lent bon marché ville livre compte question
            voyage santé entreprise école marché été hiver travail recette montagne
            moteur données lumière maison chemin"""
        ),
        (
            "Comment {a} quand {b} ?",
            "Explique {a} et {b}, {c}.",
            "Rédige un message : {a}, {b}.",
            "Bonjour, {a}. {b}",
            "Résume {a} : {b} {c}",
        ),
    ),
    Language(
        "ru",
        _split(
            """сад договор школа город врач студент рынок компания еда поездка здоровье
            работа семья время цена язык наука техника искусство река гора зима лето
            план отчёт в на с для о перед после когда потому что но можно нужно
            новый старый быстрый медленный дешёвый важный простой сложный очень
            также всегда иногда книга вопрос счёт письмо дом дорога"""
        ),
        (
            "Как {a}, если {b}?",
            "Объясни {a} и {b}.",
            "Напиши письмо: {a}, {b}.",
            "Кратко: {a} {b} {c}",
            "Переведи на английский: {a} {b}",
        ),
    ),
)
