"""Which texts of a table are in an old encoding: told by their words, over columns and the whole table.

Every word with letters beyond ASCII is read as it stands and in each old encoding. A word is a *proof* of an
encoding if it is no Vietnamese word as it stands and is a syllable in that encoding; it speaks *against* it the other way
round. Words of ASCII are the same in all of them: English, numbers, codes and addresses are never touched.

One word may be chance, so an encoding is recognised only with several different proofs in the table, and only if they
are a good part of the words that are not Vietnamese as they stand (a list of French towns has a few proofs by chance).
Then a cell is converted if its own words prove the encoding, or if its words fit and all of its column (else all of the
table) is in that encoding. A cell that fits both readings beside cells of both kinds is left as it is and named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from geo.old_letters import OldEncoding, as_bytes, decode, means_something
from geo.syllables import is_syllable, is_vietnamese_word

__all__ = ["ColumnReading", "LetterSettings", "Reading", "likely_text", "recognise"]

_PROVEN = (OldEncoding.TCVN3, OldEncoding.VNI, OldEncoding.CP1258)
#: A word: letters of any alphabet, combining marks, and the signs of Western pages that are letters in TCVN3.
_WORD = re.compile("(?:[^\\W\\d_]|[\u0300-\u036f¡¢£¤¥¦§¨©«¬\u00ad®¶·¸¹»¼½¾×÷])+")
_SIGNS = re.compile("[¡¢£¤¥¦§¨©«¬\u00ad®¶·¸¹»¼½¾×÷]+")
_MICRO_UNIT = re.compile("[µμ][A-Za-z]{1,2}")
_MANY = 1_000
#: What a Western page has and Vietnamese lacks (but degrees and the powers in units), and combining marks.
_NOT_VIETNAMESE = re.compile("[\x80-\u00af\u00b1\u00b4-\u00bfÄ-ÇËÎÏÑÖ×ØÛÜÞßä-çëîïñö÷øûüþÿ\u0300-\u036f]")
#: The look-alike of Đ that old exports carry for it.
_ETH = str.maketrans("Ðð", "Đđ")
_UTF8_LEAD = re.compile("[\u00c2-\u00c6\u00e1\u00e2]")


@dataclass(frozen=True, slots=True)
class LetterSettings:
    """When an encoding counts as recognised.

    Attributes
    ----------
    proofs : int
        Different words of a table that must prove it.
    proof_share : float
        Their share among the table's different words that are not Vietnamese as they stand.
    """

    proofs: int
    proof_share: float


@dataclass(slots=True)
class ColumnReading:
    """What became of a column's texts; each mapping is by the text as it came.

    Attributes
    ----------
    changed : mapping
        To the text in Unicode and the encoding that it was in.
    unclear : mapping
        To the encoding that it may be in: left as it is.
    suspect : mapping
        To an encoding that its words prove, but too few in the table to be sure: left as it is.
    """

    changed: dict[str, tuple[str, OldEncoding]] = field(default_factory=dict)
    unclear: dict[str, OldEncoding] = field(default_factory=dict)
    suspect: dict[str, OldEncoding] = field(default_factory=dict)


Reading = dict[int, ColumnReading]


@dataclass(frozen=True, slots=True)
class _Word:
    """How one word reads: as it stands, and in each old encoding."""

    vietnamese: bool
    beyond_western: bool
    proves: frozenset[OldEncoding]
    fits: frozenset[OldEncoding]


@lru_cache(maxsize=1 << 16)
def _word(text: str) -> _Word:
    parts = [p for p in _SIGNS.split(text) if p]
    signed = len(parts) != 1 or parts[0] != text
    # Western signs beside a word ("Viettel®") say nothing; within one they are no Vietnamese.
    letters = all(p.isascii() or is_vietnamese_word(p.translate(_ETH)) for p in parts)
    vietnamese = letters and not signed and not text.isascii()
    neutral = bool(_MICRO_UNIT.fullmatch(text)) or len(text) == 1
    proves: set[OldEncoding] = set()
    fits: set[OldEncoding] = set()
    syllable = vietnamese and is_syllable(text.translate(_ETH))
    for encoding in _PROVEN:
        if not means_something(text, encoding):
            continue
        read = decode(text, encoding)
        strictly = is_syllable(read)
        if read == text:  # the same letters in both ("Lý" in TCVN3, "Bình" in VNI): it speaks for neither
            if vietnamese:
                fits.add(encoding)
            continue
        if strictly and len(read) > 1 and not vietnamese and not neutral:
            proves.add(encoding)
        if strictly or (not syllable and is_vietnamese_word(read)):
            fits.add(encoding)
    beyond = vietnamese and any(c > "\u00ff" and not "\u0300" <= c <= "\u036f" for c in text)
    return _Word(vietnamese, beyond, frozenset(proves), frozenset(fits))


@dataclass(frozen=True, slots=True)
class _Text:
    """How one text reads.

    ``able`` holds the encodings that its words prove and none speaks against, with the number of words that prove
    it and that have no meaning in it; ``unicode`` says that a word of it is Vietnamese as it stands and only so.
    """

    able: tuple[tuple[OldEncoding, int, int], ...] = ()
    unicode: bool = False
    proves: frozenset[OldEncoding] = frozenset()
    fits: frozenset[OldEncoding] = frozenset()
    proofs: tuple[tuple[OldEncoding, str], ...] = ()
    foreign: tuple[str, ...] = ()


_PLAIN = _Text()


def _utf8_reading(text: str) -> str:
    """Return the text that was UTF-8 before it was taken for a Western page, "" if it was not."""
    if not _UTF8_LEAD.search(as_bytes(text)):
        return ""
    read = decode(text, OldEncoding.UTF8)
    if len(read) >= len(text):
        return ""
    # A hard space that became a plain one was guessed back: then every word must be Vietnamese.
    guessed = read.encode("utf-8").decode("latin-1") != as_bytes(text)
    return "" if guessed and not all(is_vietnamese_word(w) for w in _WORD.findall(read) if not w.isascii()) else read


def _text(text: str) -> _Text:
    if text.isascii():
        return _PLAIN
    if read := _utf8_reading(text):
        words = [w for w in _WORD.findall(read) if not w.isascii() and is_syllable(w)]
        utf8 = frozenset((OldEncoding.UTF8,))
        return _Text(((OldEncoding.UTF8, len(words), 0),) if words else (), unicode=False,
                     proves=utf8 if words else frozenset(), fits=utf8,
                     proofs=tuple((OldEncoding.UTF8, w) for w in words))  # fmt: skip
    found = [(w, _word(w)) for w in _WORD.findall(text) if not w.isascii()]
    if not found:
        return _PLAIN
    counted = Counter(e for _, word in found for e in word.proves)
    # A word that is Vietnamese only as it stands, or has letters that no Western page has, is Unicode.
    against = {e for _, word in found if word.vietnamese for e in _PROVEN if word.beyond_western or e not in word.fits}
    unread = {e: sum(e not in word.fits for _, word in found) for e in _PROVEN}
    return _Text(
        tuple((e, counted[e], unread[e]) for e in _PROVEN if counted[e] and e not in against and unread[e] <= counted[e]),
        unicode=any(w.vietnamese and (w.beyond_western or not w.fits) for _, w in found),
        proves=frozenset(counted),
        fits=frozenset(e for e in _PROVEN if e not in against and not unread[e]),
        proofs=tuple((e, w) for w, word in found for e in word.proves),
        foreign=tuple(w for w, word in found if not word.vietnamese and len(w) > 1),
    )


def likely_text(text: str) -> str:
    """Return what one text says in the old encoding that its words prove best, the text itself if they prove none.

    For suggestions only (the name of a file): a text by itself is not enough to be sure.
    """
    able = sorted(_text(text).able, key=lambda found: (-found[1], found[2]))
    return decode(text, able[0][0]) if able else text


def _by_words(text: str, encoding: OldEncoding) -> str:
    """Return a text of both kinds with its proven words converted, "" if a word in it is unclear."""
    for found in _WORD.findall(text):
        word = _word(found)
        if not found.isascii() and encoding in word.fits and encoding not in word.proves and not word.beyond_western:
            return ""
    return _WORD.sub(lambda w: decode(w[0], encoding) if encoding in _word(w[0]).proves else w[0], text)


def recognise(columns: Mapping[int, Iterable[str]], settings: LetterSettings, *, given: OldEncoding | None = None) -> Reading:
    """Find the texts of a table that are in an old encoding.

    Parameters
    ----------
    columns : mapping
        Column's number to its texts, headers and titles among them, as they came (before any cleaning: the
        invisible soft hyphen is a letter of TCVN3).
    settings : LetterSettings
    given : OldEncoding, optional
        What the project file says: no statistics then; only texts that can only be Unicode stay.

    Returns
    -------
    dict
        Column's number to its :class:`ColumnReading`; columns without anything to say are absent.
    """
    if given is None and _surely_unicode(columns):
        return {}
    texts = {n: {t: _text(t) for t in dict.fromkeys(column) if not t.isascii()} for n, column in columns.items()}
    every = [r for column in texts.values() for r in column.values()]
    known = {given} if given else _recognised(every, settings)
    if not known and not any(r.able for r in every):
        return {}
    pure = not any(r.unicode for r in every)
    out: Reading = {}
    for number, column in texts.items():
        reading = _column(column, known, pure=pure, given=given)
        if reading.changed or reading.unclear or reading.suspect:
            out[number] = reading
    return out


def _surely_unicode(columns: Mapping[int, Iterable[str]]) -> bool:
    """Tell whether many texts hold not one character that old encodings are full of and Vietnamese lacks.

    A few texts may do without one by chance ("Néi"), a thousand do not; looking is a hundred times faster than reading.
    """
    texts = {t for column in columns.values() for t in column if not t.isascii()}
    return len(texts) >= _MANY and not any(map(_NOT_VIETNAMESE.search, texts))


def _recognised(texts: Iterable[_Text], settings: LetterSettings) -> set[OldEncoding]:
    """Return the encodings that a table's words prove, those whose proofs are another's by chance left out."""
    proofs: dict[OldEncoding, set[str]] = {}
    foreign: set[str] = set()
    for read in texts:
        foreign.update(read.foreign)
        for encoding, word in read.proofs:
            proofs.setdefault(encoding, set()).add(word)
    known = set()
    for encoding, words in proofs.items():
        others = {e: p for e, p in proofs.items() if e is not encoding}
        if any(len(p) > len(words) and len(words - p) < settings.proofs for p in others.values()):
            continue
        unexplained = foreign.difference(*(p - words for p in others.values()))
        share = 1.0 if encoding is OldEncoding.UTF8 else len(words) / max(1, len(unexplained))
        if len(words) >= settings.proofs and share >= settings.proof_share:
            known.add(encoding)
    return known


def _sure(read: _Text, known: set[OldEncoding], main: OldEncoding | None) -> OldEncoding | None:
    """Return the recognised encoding that a text's own words prove, None where they prove none or two alike."""
    able = sorted(((-proofs, unread), e) for e, proofs, unread in read.able if e in known)
    if len(able) < 2 or able[0][0] < able[1][0]:
        return able[0][1] if able else None
    return main if main in (able[0][1], able[1][1]) else None


def _column(
    column: Mapping[str, _Text], known: set[OldEncoding], *, pure: bool, given: OldEncoding | None
) -> ColumnReading:
    out = ColumnReading()
    sure = Counter(e for r in column.values() if (e := _sure(r, known, None)))
    mixed = any(r.unicode for r in column.values())
    main = given or (sure.most_common(1)[0][0] if sure else next(iter(known)) if len(known) == 1 else None)
    alone = given is not None or (not mixed and len(sure) <= 1 and (bool(sure) or pure))
    for text, read in column.items():
        if read is _PLAIN:
            continue
        if own := _sure(read, known, main):
            out.changed[text] = (decode(text, own), own)
            continue
        choice = _choice(read, known, main)
        if choice is None:
            if read.able:
                out.suspect[text] = read.able[0][0]
        elif choice in read.fits and (became := decode(text, choice)) == text:
            continue
        elif choice in read.fits and (alone or choice is OldEncoding.UTF8):
            out.changed[text] = (became, choice)
        elif read.unicode and choice in read.proves and (mended := _by_words(text, choice)):
            out.changed[text] = (mended, choice)
        else:
            out.unclear[text] = choice
    return out


def _choice(read: _Text, known: set[OldEncoding], main: OldEncoding | None) -> OldEncoding | None:
    """Return the recognised encoding that a text may be in."""
    if main is not None and (main in read.proves or main in read.fits):
        return main
    able = [e for e in sorted(known) if e in read.proves or e in read.fits]
    return able[0] if len(able) == 1 else None
