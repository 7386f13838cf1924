"""The normalisation table: what each code point becomes before it is hashed.

A text is folded by NFKC and case (Unicode UAX 15), digits to one class, invisible characters to
nothing, accents to their base letter. Everything is kept decomposed, so that composed and
decomposed spellings agree. Letters of Cyrillic, Greek, Armenian and Cherokee that pass for Latin
ones (UTS 39) have a second value that is used only in tokens that mix scripts.

The table follows the interpreter's Unicode version: code points assigned later than that are
separators there.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from stillwatch.sketches._hashing import U8, U32

SEPARATOR, LETTER, DIGIT, SINGLE, MARK, DROP, EXPAND = range(7)
SIZE: Final = 0x30000
LOOK_SIZE: Final = 0x2000
OTHER: Final = 0xFF
CLASS_SHIFT: Final = 21
SCRIPT_SHIFT: Final = 24

SCRIPTS: Final = (
    *("Zyyy", "Latn", "Cyrl", "Grek", "Armn", "Cher", "Arab", "Hebr", "Hani", "Jpan", "Hang"),
    *("Deva", "Thai", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh"),
    *("Laoo", "Tibt", "Mymr", "Geor", "Ethi", "Khmr", "Mong", "Syrc", "Thaa"),
)
_BLOCKS: Final = (
    (0x41, 0x24F, "Latn"), (0x250, 0x2AF, "Latn"), (0x370, 0x3FF, "Grek"),
    (0x400, 0x52F, "Cyrl"), (0x531, 0x58F, "Armn"), (0x590, 0x5FF, "Hebr"),
    (0x600, 0x6FF, "Arab"), (0x700, 0x74F, "Syrc"), (0x750, 0x77F, "Arab"),
    (0x780, 0x7BF, "Thaa"), (0x8A0, 0x8FF, "Arab"), (0x900, 0x97F, "Deva"),
    (0x980, 0x9FF, "Beng"), (0xA00, 0xA7F, "Guru"), (0xA80, 0xAFF, "Gujr"),
    (0xB00, 0xB7F, "Orya"), (0xB80, 0xBFF, "Taml"), (0xC00, 0xC7F, "Telu"),
    (0xC80, 0xCFF, "Knda"), (0xD00, 0xD7F, "Mlym"), (0xD80, 0xDFF, "Sinh"),
    (0xE00, 0xE7F, "Thai"), (0xE80, 0xEFF, "Laoo"), (0xF00, 0xFFF, "Tibt"),
    (0x1000, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"), (0x1100, 0x11FF, "Hang"),
    (0x1200, 0x139F, "Ethi"), (0x13A0, 0x13FF, "Cher"), (0x1780, 0x17FF, "Khmr"),
    (0x1800, 0x18AF, "Mong"), (0x1C80, 0x1C8F, "Cyrl"), (0x1C90, 0x1CBF, "Geor"),
    (0x1D00, 0x1DBF, "Latn"), (0x1E00, 0x1EFF, "Latn"), (0x1F00, 0x1FFF, "Grek"),
    (0x2C60, 0x2C7F, "Latn"), (0x2D00, 0x2D2F, "Geor"), (0x2DE0, 0x2DFF, "Cyrl"),
    (0x3005, 0x3007, "Hani"), (0x3041, 0x30FF, "Jpan"), (0x31F0, 0x31FF, "Jpan"),
    (0x3400, 0x9FFF, "Hani"), (0xA640, 0xA69F, "Cyrl"), (0xA722, 0xA7FF, "Latn"),
    (0xA960, 0xA97F, "Hang"), (0xAB30, 0xAB6F, "Latn"), (0xAB70, 0xABBF, "Cher"),
    (0xD7B0, 0xD7FF, "Hang"), (0xF900, 0xFAFF, "Hani"), (0x1B000, 0x1B16F, "Jpan"),
    (0x20000, 0x2FFFF, "Hani"),
)  # fmt: skip
_UNSPACED: Final = frozenset(["Hani", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"])
# General accents, Hebrew points and Arabic vowel signs: words stay the same words without them.
_STRIPPED: Final = (
    (0x300, 0x36F), (0x483, 0x489), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F),
    (0x670, 0x670), (0x6D6, 0x6ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F), (0xFE20, 0xFE2F),
)  # fmt: skip
_FILLERS: Final = (0x34F, 0x640, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)
_ALWAYS: Final = dict(
    zip("ɑɡıȷᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "agijabcdefghijklmnoprstuvwyz", strict=True)
)
_LOOKS: Final = (
    ("АВЕЅІЈКМНОРСТУХҮԀԌԚԜҺ", "abesijkmhopctyxydgqwh"),
    ("абвеѕіјкмнорстухүԁԍԛԝһӏѵг", "abbesijkmhopctyxyygqwhlvr"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβγεηικμνορτυχω", "abezhikmnoptyxabyenikuvoptuxw"),
    ("ՍՏՕԼսհոօզ", "uso1uhnoq"),
    ("ᎠᎡᎢᎪᎫᎬᎳᎷᎻᏀᏂᏃᏆᏌᏎᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏴᏽ", "drtajewmhghzisrrwsvslcpkdbg"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Packed code point records.

    Attributes:
        ascii: Length 256; the folded letter of an ASCII letter, `0` of a digit, 0 of a separator,
            `OTHER` of all else.
        info: Length `SIZE`; folded code point (21 bits), class (3), script (6). Of class `EXPAND`
            the first field is an offset into `pool` (16 bits) and a length (5).
        pool: Records of the code points that a compatibility character stands for.
        look: Length `LOOK_SIZE`; the Latin letter that a letter passes for, or 0.
    """

    ascii: U8
    info: U32
    pool: U32
    look: U32


@lru_cache(maxsize=1)
def table() -> Table:
    """Build the table from the interpreter's Unicode data; about a tenth of a second, once."""
    script = np.zeros(SIZE, dtype=np.int64)
    for first, last, name in _BLOCKS:
        script[first : last + 1] = SCRIPTS.index(name)
    info = np.zeros(SIZE, dtype=np.uint32)
    pool: list[int] = []
    for code in range(SIZE):
        if 0x3400 <= code < 0xA000 or (0xAC00 <= code < 0xFB00 and code < 0xF900):
            continue
        if code >= 0x1FC00 and not 0x2F800 <= code < 0x2FA20:
            continue
        info[code] = _record(chr(code), script, pool)
    han = np.r_[0x3400:0xA000, 0x20000:0x2F800]
    info[han] = han | SINGLE << CLASS_SHIFT | SCRIPTS.index("Hani") << SCRIPT_SHIFT
    _hangul(info, pool)
    look = np.zeros(LOOK_SIZE, dtype=np.uint32)
    for letters, latin in _LOOKS:
        for letter, base in zip(letters, latin, strict=True):
            look[ord(letter)] = ord(base)
    kinds = info[:128] >> CLASS_SHIFT & 7
    plain = np.where(kinds == SEPARATOR, 0, np.where(kinds == DROP, OTHER, info[:128] & 0xFF))
    ascii_letters = np.append(plain, np.full(128, OTHER)).astype(np.uint8)
    return Table(ascii_letters, info, np.array(pool, dtype=np.uint32), look)


def _record(char: str, script: np.ndarray[tuple[int], np.dtype[np.int64]], pool: list[int]) -> int:
    if char in _ALWAYS:
        char = _ALWAYS[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Cn", "Co", "Cs") or (category == "Cc" and not char.isspace()):
        return (DROP if category in ("Cf", "Cc") else SEPARATOR) << CLASS_SHIFT
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())
    folded = unicodedata.normalize("NFKD", folded.casefold())
    records = [_plain(c, script) for c in folded]
    records = [r for r in records if r >> CLASS_SHIFT & 7 != DROP]
    if not records:
        return DROP << CLASS_SHIFT
    if len(records) == 1:
        return records[0]
    offset = len(pool)
    pool.extend(records)
    return (offset << 5 | len(records)) | EXPAND << CLASS_SHIFT


def _plain(char: str, script: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    code = ord(char)
    kind = _kind(char, code, SCRIPTS[script[code]] if code < SIZE else "Zyyy")
    if kind == DIGIT:
        return ord("0") | DIGIT << CLASS_SHIFT
    if kind in (SEPARATOR, DROP):
        return (0x3C if char in "<[" else 0) | kind << CLASS_SHIFT
    where = int(script[code]) if code < SIZE and kind != MARK else 0
    return code | kind << CLASS_SHIFT | where << SCRIPT_SHIFT


def _kind(char: str, code: int, script: str) -> int:
    category = unicodedata.category(char)
    if code in _FILLERS or category == "Cf" or any(a <= code <= b for a, b in _STRIPPED):
        return DROP
    if category[0] == "M":
        return MARK
    if category in ("Nd", "No"):
        return DIGIT
    if category[0] in "LN":
        return SINGLE if script in _UNSPACED else LETTER
    # Pictographs and emoji carry meaning; skin tones and arrows between them do not.
    if category == "So" and code >= 0x2600:
        return SINGLE
    return SEPARATOR


def _hangul(info: U32, pool: list[int]) -> None:
    """Decompose the 11,172 Hangul syllables by their arithmetic (Unicode 3.12)."""
    letter = LETTER << CLASS_SHIFT | SCRIPTS.index("Hang") << SCRIPT_SHIFT
    for index in range(11172):
        parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28]
        parts += [0x11A7 + index % 28] if index % 28 else []
        info[0xAC00 + index] = (len(pool) << 5 | len(parts)) | EXPAND << CLASS_SHIFT
        pool.extend(part | letter for part in parts)
