"""Communes before 01/07/2025 (63 provinces, with districts) and what became of them: by code, by name, by a name misspelt.

A name is matched in steps, and the step that found it is told: with its accents (the place of the tone folded: ``Hoà`` = ``Hóa``
is one spelling of a tone), without accents, and with one letter wrong, missing, too many or two exchanged. What a step finds several
times is several candidates, never a choice. A commune that was divided has several communes of today. A name read to the letter
may still be another's with an accent wrong (``Tân Thanh``, ``Tân Thành``): where the row's district does not part them, the answer
stays and names the other.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

import pandas as pd

from geo.text import clean, fold, fold_unit_name

__all__ = ["Apportioned", "FormerAreas", "FormerMatch", "Matched"]

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TYPES = {
    "xã": "xa", "x": "xa", "phường": "phuong", "p": "phuong", "f": "phuong", "thị trấn": "thi tran", "tt": "thi tran",
    "ttr": "thi tran", "t t": "thi tran", "đặc khu": "dac khu", "đk": "dac khu",
}  # fmt: skip
_TYPE = re.compile(r"^(xã|x|phường|p|f|thị trấn|ttr|t t|tt|đặc khu|đk)\s+(?=\S)")
_BARE_TYPES = {fold(spelt): kind for spelt, kind in _TYPES.items()}
_BARE_TYPE = re.compile(r"^(" + "|".join(sorted(_BARE_TYPES, key=len, reverse=True)) + r")\s+(?=\S)")
_GLUED = re.compile(r"^(x|p|f|tt|ttr)\.(?=\S)", re.IGNORECASE)
_FINAL_Y = re.compile(r"\b([bcdđghklmnpqrstvx]*|qu)y(?=\d|\b)")
_ZEROS = re.compile(r"\b0+(?=\d)")
_NOT_WORD = re.compile(r"[\W_]+")
_SHORTEST = 4  # letters: in a shorter name one wrong letter makes another name


class Matched(StrEnum):
    """How a commune was found."""

    CODE = "code"
    NAME = "name"
    ACCENTS = "accents"
    SPELLING = "spelling"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FormerMatch:
    """The former communes that a row may mean.

    Attributes
    ----------
    how : Matched
    places : tuple of int
        Positions in :class:`FormerAreas`; several where the row does not say which.
    near : tuple of int
        Where ``how`` is ``NAME``: other communes among those that district and province leave, of the same type if the row gives one,
        whose names differ by accents or tone marks only.
    """

    how: Matched
    places: tuple[int, ...] = ()
    near: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Apportioned:
    """A figure of a commune of today, from those of former communes.

    Attributes
    ----------
    value : float
        NaN where the figure of a former commune is missing.
    low, high : float
        Without the divided communes, and with all that they have.
    divided, missing : tuple of int
        Former communes that were divided, and those without a figure.
    """

    value: float
    low: float
    high: float
    divided: tuple[int, ...]
    missing: tuple[int, ...]


_NO_MATCH = FormerMatch(Matched.NONE)


@lru_cache(maxsize=1 << 16)
def _spoken(text: str) -> str:
    """Return a name in small letters with each word's tone behind it: ``"Hoà"`` and ``"Hòa"`` give ``"hoa2"``; final y is i."""
    out = []
    for word in _NOT_WORD.sub(" ", _GLUED.sub(r"\1 ", clean(text)).lower()).split():
        parts = unicodedata.normalize("NFD", word)
        tone = "".join(str(_TONES.index(c) + 1) for c in parts if c in _TONES)
        out.append(unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES)) + tone)
    return _FINAL_Y.sub(r"\1i", _ZEROS.sub("", " ".join(out)))


@lru_cache(maxsize=1 << 16)
def _typed(text: str) -> tuple[str, str]:
    """Return a name's type (``""`` if it has none) and the name as it is spoken, with accents."""
    plain = _NOT_WORD.sub(" ", _GLUED.sub(r"\1 ", clean(text)).lower()).strip()
    found = _TYPE.match(plain)
    return (_TYPES[found[1]], _spoken(plain[found.end() :])) if found else ("", _spoken(plain))


@lru_cache(maxsize=1 << 16)
def _bare(text: str) -> tuple[tuple[str, str], ...]:
    """Return type and name without accents, in each way that the first word may be a type or part of the name."""
    plain = _FINAL_Y.sub(r"\1i", _ZEROS.sub("", fold(_GLUED.sub(r"\1 ", clean(text)))))
    found = _BARE_TYPE.match(plain)
    whole = ("", plain)
    if not found:
        return (whole,)
    typed = (_BARE_TYPES[found[1]], plain[found.end() :])
    return (typed,) if _TYPE.match(clean(text).lower()) and found[1] in {"xa", "phuong", "thi tran"} else (typed, whole)


def _deletions(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def _one_slip(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter wrong, missing or too many, or two neighbours exchanged."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(other) - len(one) == 1:
        return one[start:] == other[start + 1 :]
    if len(one) != len(other):
        return False
    rest = start + 1
    return one[rest:] == other[rest:] or (
        one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
    )


class FormerAreas:
    """The 10,040 former communes and what became of each.

    Parameters
    ----------
    former : DataFrame
        ``code`` (5 digits, ``""`` for island districts without communes), ``name`` with its type, ``district``, ``province``
        and ``today``: codes of today's communes joined by ``|``, the one that took most first.
    today : DataFrame
        ``code``, ``name``, ``province_code``.
    provinces : mapping
        Code of today's provinces to their names.
    """

    def __init__(self, former: pd.DataFrame, today: pd.DataFrame, provinces: Mapping[str, str]) -> None:
        self.codes: list[str] = former["code"].tolist()
        self.names: list[str] = former["name"].tolist()
        self.districts: list[str] = former["district"].tolist()
        self.provinces: list[str] = former["province"].tolist()
        self.today: list[tuple[str, ...]] = [tuple(t.split("|")) for t in former["today"]]
        self.today_names: dict[str, str] = dict(zip(today["code"], today["name"], strict=True))
        self.today_provinces: dict[str, str] = dict(zip(today["code"], today["province_code"], strict=True))
        self._province_names = dict(provinces)

    def __len__(self) -> int:
        """Return the number of former communes."""
        return len(self.codes)

    def label(self, place: int) -> str:
        """Return a former commune's full name for a person."""
        return ", ".join(t for t in (self.names[place], self.districts[place], self.provinces[place]) if t)

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.codes) if code}

    @cached_property
    def _by_spoken(self) -> dict[str, tuple[int, ...]]:
        return self._index(lambda name: [_typed(name)[1]])

    @cached_property
    def _by_bare(self) -> dict[str, tuple[int, ...]]:
        return self._index(lambda name: [_bare(name)[0][1]])

    @cached_property
    def _by_deletion(self) -> dict[str, tuple[str, ...]]:
        index: dict[str, set[str]] = {}
        for key in self._by_bare:
            for part in _deletions(key.replace(" ", "")):
                index.setdefault(part, set()).add(key)
        return {part: tuple(sorted(keys)) for part, keys in index.items()}

    def _index(self, keys) -> dict[str, tuple[int, ...]]:  # type: ignore[no-untyped-def]
        index: dict[str, list[int]] = {}
        for i, name in enumerate(self.names):
            for key in keys(name):
                index.setdefault(key, []).append(i)
        return {key: tuple(places) for key, places in index.items()}

    @cached_property
    def _by_province(self) -> dict[str, frozenset[int]]:
        """Return the communes of each province of today by its code, and of each former or present one by its name."""
        index: dict[str, set[int]] = {}
        for i, name in enumerate(self.provinces):
            now = self.today_provinces.get(self.today[i][0], "")
            for key in {now, fold_unit_name(name), fold_unit_name(self._province_names.get(now, ""))} - {""}:
                index.setdefault(key, set()).add(i)
        return {key: frozenset(places) for key, places in index.items()}

    @cached_property
    def _by_district(self) -> dict[str, frozenset[int]]:
        index: dict[str, set[int]] = {}
        for i, name in enumerate(self.districts):
            if name:
                index.setdefault(_district_key(name), set()).add(i)
        return {key: frozenset(places) for key, places in index.items()}

    @lru_cache(maxsize=1 << 12)  # noqa: B019 (one object lives as long as the program)
    def _within(self, district: str, province: str, codes: tuple[str, ...]) -> frozenset[int] | None:
        """Return the communes that a row's district and province leave, None where they say nothing."""
        chosen: frozenset[int] | None = None
        if codes:
            chosen = frozenset().union(*(self._by_province.get(c, frozenset()) for c in codes))
        key = fold_unit_name(province)
        stated = self._by_province.get(key) or self._by_province.get(clean(province).zfill(2) if key.isdigit() else "")
        if stated:
            chosen = stated if chosen is None else (chosen & stated) or stated
        if not clean(district):
            return chosen
        inside = self._by_district.get(_district_key(district), frozenset())
        inside = inside if chosen is None else inside & chosen
        if not inside:  # the district's own name misspelt, where only one comes near
            word = _district_key(district).replace(" ", "")
            near = {
                k for k, places in self._by_district.items()
                if len(word) >= _SHORTEST and _one_slip(k.replace(" ", ""), word) and (chosen is None or places & chosen)
            }  # fmt: skip
            if len(near) == 1:
                places = self._by_district[near.pop()]
                inside = places if chosen is None else places & chosen
        return inside or chosen

    def by_code(self, code: str) -> FormerMatch:
        """Return the commune that bore a code."""
        place = self._by_code.get(code.zfill(5)) if code else None
        return _NO_MATCH if place is None else FormerMatch(Matched.CODE, (place,))

    @lru_cache(maxsize=1 << 15)  # noqa: B019
    def find(self, name: str, district: str = "", province: str = "", codes: tuple[str, ...] = ()) -> FormerMatch:
        """Return the communes that a name may mean.

        Parameters
        ----------
        name : str
            With or without its type, accents, and the right letters.
        district, province : str
            What the row says, ``""`` if nothing; either a former or a present province.
        codes : tuple of str
            Codes of today's provinces to look in; empty: all.
        """
        if not clean(name):
            return _NO_MATCH
        within = self._within(district, province, codes)

        def inside(places: Iterable[int]) -> list[int]:
            return sorted(p for p in set(places) if within is None or p in within)

        kind, spoken = _typed(name)
        ways = _bare(name)
        exact = inside(self._by_spoken.get(spoken, ()))
        if exact and not clean(name).isascii() and (not kind or self._are(exact, kind)):
            meant = self._of_kind(exact, kind)
            others = {p for _, key in ways for p in inside(self._by_bare.get(key, ())) if not kind or self._are((p,), kind)}
            return FormerMatch(Matched.NAME, meant, tuple(sorted(others - set(meant))))
        # Typed without any accent, or of another type than the only one of that name: others may be meant.
        hits = {p for way, key in ways for p in self._of_kind(inside(self._by_bare.get(key, ())), way)} | set(exact)
        if hits and exact:
            return FormerMatch(Matched.NAME if hits == set(exact) else Matched.ACCENTS, tuple(sorted(hits)))
        if hits and spoken in {key for _, key in ways}:
            return FormerMatch(Matched.ACCENTS, tuple(sorted(hits)))
        close = {p for way, key in ways for p in self._of_kind(inside(self._near(key)), way)}
        if hits:  # with accents that are not the name's: another name may lack a letter instead
            rivals = {p for p in close if _one_slip(_typed(self.names[p])[1], spoken)}
            return FormerMatch(Matched.ACCENTS, tuple(sorted(hits | rivals)))
        return FormerMatch(Matched.SPELLING, tuple(sorted(close))) if close else _NO_MATCH

    def _are(self, places: Sequence[int], kind: str) -> bool:
        """Tell whether any of the communes is of a type."""
        return any(_typed(self.names[p])[0] == kind for p in places)

    def _near(self, key: str) -> set[int]:
        """Return the communes whose name without accents is one slip from a key."""
        word = key.replace(" ", "")
        if len(word) < _SHORTEST:
            return set()
        near = {k for part in _deletions(word) for k in self._by_deletion.get(part, ()) if _one_slip(k.replace(" ", ""), word)}
        return {p for k in near for p in self._by_bare[k]}

    def _of_kind(self, places: Sequence[int], kind: str) -> tuple[int, ...]:
        """Return those of the type that a row gives, all where none is of it."""
        same = [p for p in places if kind and _typed(self.names[p])[0] == kind]
        return tuple(same or places)

    @cached_property
    def sources(self) -> dict[str, tuple[int, ...]]:
        """Former communes of each of today's, whole or in part, by its code."""
        found: dict[str, list[int]] = {}
        for place, codes in enumerate(self.today):
            for code in codes:
                found.setdefault(code, []).append(place)
        return {code: tuple(places) for code, places in found.items()}

    def apportion(
        self, people: Mapping[int, float], codes: Iterable[str], known: Mapping[str, float] | None = None
    ) -> dict[str, Apportioned]:
        """Bring figures of former communes to communes of today.

        A former commune that was not divided counts whole. What one that was divided has is shared between its parts by the
        people that each of today's communes has beyond its whole ones, where ``known`` says how many it has; in equal shares
        where it does not. Nobody published what lives in the parts, so the whole range is stated: from none of every
        divided commune to all of it.

        Parameters
        ----------
        people : mapping
            Position of a former commune to its figure; NaN if unknown.
        codes : iterable of str
            Communes of today that are wanted.
        known : mapping, optional
            People of today's communes from another source.

        Returns
        -------
        dict
            By code of today; the value is NaN where the figure of a former commune is missing.
        """
        whole = {
            code: sum(people.get(p, math.nan) for p in places if len(self.today[p]) == 1) for code, places in self.sources.items()
        }
        beyond = {code: max(0.0, count - whole.get(code, 0.0)) for code, count in (known or {}).items()}
        out: dict[str, Apportioned] = {}
        for code in codes:
            places = self.sources.get(code, ())
            missing = tuple(p for p in places if math.isnan(people.get(p, math.nan)))
            divided = tuple(p for p in places if len(self.today[p]) > 1)
            value, high = whole.get(code, math.nan), whole.get(code, math.nan)
            for place in divided:
                parts = self.today[place]
                weights = [beyond.get(t, math.nan) for t in parts]
                total = sum(weights)
                share = beyond[code] / total if total > 0 else 1 / len(parts)
                value += share * people.get(place, math.nan)
                high += people.get(place, math.nan)
            low = whole.get(code, math.nan)
            out[code] = Apportioned(math.nan if missing or not places else value, low, high, divided, missing)
        return out

    def provinces_meant(self, name: str) -> frozenset[str]:
        """Return the codes of today's provinces that a former or present province's name means."""
        places = self._by_province.get(fold_unit_name(name), frozenset())
        return frozenset(self.today_provinces[self.today[p][0]] for p in places)

    def today_of(self, match: FormerMatch) -> tuple[str, ...]:
        """Return the codes of today's communes that a match may mean, the likeliest of each former commune first."""
        return tuple(dict.fromkeys(code for place in match.places for code in self.today[place]))


@lru_cache(maxsize=1 << 12)
def _district_key(name: str) -> str:
    return _FINAL_Y.sub(r"\1i", _ZEROS.sub("", fold_unit_name(name)))
