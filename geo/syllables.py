"""Vietnamese syllables: which strings of letters can be one, by their onset, rime and tone.

Vietnamese has a closed set of syllables, so that most strings of letters are none. That is what tells
text in an old encoding from text in Unicode: read the wrong way, hardly any word remains a syllable.

The inventory of onsets and rimes is that of the standard spelling (Hoàng Phê, *Chính tả tiếng Việt*):
stops take the tones sắc and nặng only, and the tone mark stands over one certain vowel, or over one of
two where both habits are in use (``hoà``, ``hòa``).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["ONSETS", "RIMES", "is_syllable", "is_vietnamese_word", "tone_places"]

ONSETS = (
    "", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "qu", "r",
    "s", "t", "th", "tr", "v", "x",
)  # fmt: skip
#: Rimes without their tone.
RIMES = (
    "a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay", "ăc", "ăm", "ăn", "ăng", "ăp",
    "ăt", "âc", "âm", "ân", "âng", "âp", "ât", "âu", "ây", "e", "ec", "em", "en", "eng", "eo", "ep", "et", "ê", "êch",
    "êm", "ên", "êng", "ênh", "êp", "êt", "êu", "i", "ia", "ich", "im", "in", "inh", "ip", "it", "iu", "iêc", "iêm",
    "iên", "iêng", "iêp", "iêt", "iêu", "o", "oc", "oi", "om", "on", "ong", "op", "ot", "oong", "ooc", "ô", "ôc",
    "ôi", "ôm", "ôn", "ông", "ôp", "ôt", "ơ", "ơi", "ơm", "ơn", "ơp", "ơt", "oa", "oac", "oach", "oai", "oam", "oan",
    "oang", "oanh", "oao", "oap", "oat", "oay", "oăc", "oăm", "oăn", "oăng", "oăt", "oe", "oen", "oeo", "oet", "u",
    "ua", "uc", "ui", "um", "un", "ung", "up", "ut", "uân", "uâng", "uât", "uây", "uê", "uêch", "uênh", "uôc", "uôi",
    "uôm", "uôn", "uông", "uôt", "uơ", "uy", "uya", "uych", "uyn", "uynh", "uyp", "uyt", "uyu", "uyên", "uyêt", "ư",
    "ưa", "ưc", "ưi", "ưm", "ưng", "ưt", "ưu", "ươc", "ươi", "ươm", "ươn", "ương", "ươp", "ươt", "ươu", "y", "yêm",
    "yên", "yêng", "yêt", "yêu", "ych", "ynh", "yt",
)  # fmt: skip
_TONES = {"\u0300": "huyền", "\u0301": "sắc", "\u0303": "ngã", "\u0309": "hỏi", "\u0323": "nặng"}
_STOPS = ("c", "ch", "p", "t")
_STOP_TONES = frozenset({"sắc", "nặng"})
_VOWELS = frozenset("aăâeêioôơuưy")
_MARKED = frozenset("ăâêôơư")
_EITHER = frozenset({"oa", "oe", "uy"})
_ALPHABET = frozenset("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
_RIMES = frozenset(RIMES)
_ONSETS = frozenset(ONSETS)
#: Names of the minorities (Đắk Lắk, Krông Pắc, Ia Dơk) have other onsets and codas, but the same letters and vowels.
_LONGEST_NAME = 10
_MOST_CONSONANTS = 3
_LONGEST_CODA = 2
_OPEN_CORES = frozenset(r for r in RIMES if set(r) <= _VOWELS)
_CLOSED_CORES = frozenset("".join(c for c in r if c in _VOWELS) for r in RIMES if not set(r) <= _VOWELS) | {"y"}


def _without_tone(word: str) -> tuple[str, str, int] | None:
    """Return letters without the tone, the tone and the place of the letter that bears it (-1: none)."""
    letters: list[str] = []
    tone, place = "", -1
    for letter in unicodedata.normalize("NFC", word):
        parts = unicodedata.normalize("NFD", letter)
        marks = [m for m in parts[1:] if m in _TONES]
        if marks:
            if tone or len(marks) > 1:
                return None
            tone, place = _TONES[marks[0]], len(letters)
            letter = unicodedata.normalize("NFC", parts.replace(marks[0], ""))  # noqa: PLW2901
        letters.append(letter)
    bare = "".join(letters)
    return (bare, tone, place) if set(bare) <= _ALPHABET else None


def tone_places(rime: str) -> tuple[int, ...]:
    """Return the places in a rime over which its tone mark may stand, the older habit last."""
    vowels = [i for i, c in enumerate(rime) if c in _VOWELS]
    marked = [i for i in vowels if rime[i] in _MARKED]
    if marked:
        return (marked[-1],)
    if len(vowels) == 1:
        return (vowels[0],)
    if len(vowels) == len(rime):  # no coda
        if rime in _EITHER:
            return (0, 1)
        return (1,) if len(rime) == 3 else (0,)
    return (vowels[1],)


def _splits(bare: str) -> list[tuple[str, str]]:
    """Return every way to part letters without tone into an onset and a rime."""
    found = [(bare[:n], bare[n:]) for n in range(min(3, len(bare)) + 1) if bare[:n] in _ONSETS and bare[n:] in _RIMES]
    if bare.startswith("gi") and bare[1:] in _RIMES:  # "gì", "gìn", "giếng": g + i…
        found.append(("g", bare[1:]))
    return found


@lru_cache(maxsize=1 << 16)
def is_syllable(word: str) -> bool:
    """Tell whether a word (any case, NFC or NFD) is a possible Vietnamese syllable with its tone in its place."""
    read = _without_tone(word.lower())
    if read is None or not read[0]:
        return False
    bare, tone, place = read
    for onset, rime in _splits(bare):
        if onset == "qu" and rime[0] in "uoư" and rime not in {"o", "uôc"}:
            continue
        if rime.endswith(_STOPS) and tone not in _STOP_TONES:
            continue
        if not tone:
            return True
        if place - len(onset) in tone_places(rime) or (onset == "gi" and rime == "a" and place == 1):
            return True
    return False


@lru_cache(maxsize=1 << 16)
def is_vietnamese_word(word: str) -> bool:
    """Tell whether a word can stand in a Vietnamese list: a syllable, an abbreviation (``"Đ"``, ``"TĐC"``), or a
    minority's name in Vietnamese letters: consonants, vowels that Vietnamese has side by side, consonants, one tone at most.
    """
    if is_syllable(word):
        return True
    read = _without_tone(word.lower())
    if read is None:
        return False
    bare = read[0]
    if word == word.upper() and not set(bare) & _VOWELS:
        return True
    vowels = [i for i, c in enumerate(bare) if c in _VOWELS]
    if not vowels or len(bare) > _LONGEST_NAME or vowels[-1] - vowels[0] != len(vowels) - 1:
        return False
    first, behind = vowels[0], vowels[-1] + 1
    core = bare[first:behind]
    cores = _OPEN_CORES if behind == len(bare) else _CLOSED_CORES
    if first > _MOST_CONSONANTS or len(bare) - behind > _LONGEST_CODA or core not in cores:
        return False
    return not read[1] or read[2] - first in tone_places(bare[first:])
