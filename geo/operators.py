"""Mobile operators by whatever a table calls them: name, brand, legal name, abbreviation or network code.

Virtual operators are folded into the network that carries them, foreign networks are told apart, and
what the catalogue lacks keeps its own name: it is never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import pick_texts
from geo.errors import ProjectFileError
from geo.text import clean, fold, fold_key
from geo.values import is_blank

__all__ = ["Operator", "OperatorCatalogue", "ResolvedOperators", "network_code", "operators_from"]

BoolArray = npt.NDArray[np.bool_]

_STATUSES = ("on_air", "closed", "virtual", "foreign")
_KEYS = frozenset({"name", "aliases", "mcc_mnc", "hosts", "status", "source", "unverified"})
_MARKED_CODE = re.compile(r"^([2-7]\d{2}|001|901|999)\s*[-–—−/_.,:;| ]\s*(\d{1,3})$")
_PLAIN_CODE = re.compile(r"^([2-7]\d{2}|999)(\d{1,3})$")
# What stands between the names of a list, and around a remark.
_BETWEEN = re.compile(r"[,;/&+|\n()\[\]]|\b(?:và|va|and)\b", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")
# What makes a part of a list the name of a company, whether the catalogue knows it or not.
_COMPANY = re.compile(r"\b(?:cong ty|cty|tap doan|doanh nghiep|dntn|tnhh|ctcp|htx|company|corp|corporation|jsc|ltd)\b")
_SHORTEST_WORD = 3
# Shorter aliases are abbreviations: inside a longer text they could be part of anything.
_SHORTEST_INSIDE = 4


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes
    ----------
    name : str
        As shown everywhere.
    aliases : tuple of str
        Other names, brands, legal names, abbreviations.
    mcc_mnc : tuple of str
        Network codes as ``"452-04"`` (ITU-T E.212).
    hosts : tuple of str
        Virtual operators whose customers use this network.
    status : str
        ``on_air``, ``closed``, ``virtual`` or ``foreign`` (no domestic service).
    """

    name: str
    aliases: tuple[str, ...] = ()
    mcc_mnc: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    status: str = "on_air"


class ResolvedOperators(NamedTuple):
    """Operators of a column's cells, aligned with it.

    Attributes
    ----------
    names : Series of str
        Name of the operator whose network it is; empty where the cell is blank.
    foreign, virtual, unknown : (n,) bool
        Network without domestic service; cell named a virtual operator; catalogue lacks the name or code.
    """

    names: pd.Series
    foreign: BoolArray
    virtual: BoolArray
    unknown: BoolArray


class _Meaning(NamedTuple):
    name: str
    foreign: bool = False
    virtual: bool = False
    unknown: bool = False
    code: str = ""


@dataclass(frozen=True)
class OperatorCatalogue:
    """All operators that a project knows, and which of them are domestic.

    Parameters
    ----------
    operators : tuple of Operator
    home_mcc : frozenset of str
        Country codes whose networks give domestic service; empty: nothing is foreign by its code.
    common_words : frozenset of str
        Names (folded) that mean an operator only as the whole text.
    """

    operators: tuple[Operator, ...]
    home_mcc: frozenset[str] = frozenset()
    common_words: frozenset[str] = frozenset()
    _hosts: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hosts: dict[str, str] = {}
        for operator in self.operators:
            for name in operator.hosts:
                if hosts.setdefault(fold_key(name), operator.name) != operator.name:
                    raise ProjectFileError(
                        f"Nhà mạng ảo '{name}' được khai báo trên hai mạng: {hosts[fold_key(name)]}, {operator.name}.",
                        f"Virtual operator '{name}' is given two hosts: {hosts[fold_key(name)]}, {operator.name}.",
                    )
        object.__setattr__(self, "_hosts", hosts)

    def host_of(self, name: str) -> str:
        """Return the operator whose network ``name`` uses: its host if it is virtual, else itself."""
        return self._hosts.get(fold_key(name), name)

    @cached_property
    def _by_key(self) -> dict[str, Operator]:
        found: dict[str, Operator] = {}
        for operator in self.operators:
            for text in (operator.name, *operator.aliases):
                found.setdefault(fold_key(text), operator)
        for operator in self.operators:  # virtual operators without an entry of their own
            for name in operator.hosts:
                found.setdefault(fold_key(name), Operator(name, status="virtual"))
        found.pop("", None)  # names in other scripts fold to nothing
        return found

    @cached_property
    def _by_exact(self) -> dict[str, Operator]:
        return {clean(t).casefold(): o for o in reversed(self.operators) for t in (o.name, *o.aliases)}

    @cached_property
    def _by_words(self) -> dict[tuple[str, ...], Operator]:
        texts = [(t, o) for o in self.operators for t in (o.name, *o.aliases)]
        texts += [(t, Operator(t, status="virtual")) for o in self.operators for t in o.hosts]
        found: dict[tuple[str, ...], Operator] = {}
        for text, operator in texts:
            words = tuple(fold(text).split())
            if words and fold_key(text) not in self.common_words:
                found.setdefault(words, operator)
        return found

    @cached_property
    def _by_code(self) -> dict[str, Operator]:
        return {code: operator for operator in reversed(self.operators) for code in operator.mcc_mnc}

    @cached_property
    def _mccs(self) -> frozenset[str]:
        return self.home_mcc | {code[:3] for code in self._by_code}

    def resolve(self, cells: pd.Series) -> ResolvedOperators:
        """Return the operators that cells name.

        Parameters
        ----------
        cells : (n,) Series
            Names or network codes in any spelling; numbers too.
        """
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        blank = is_blank(pd.Series(uniques)) if len(uniques) else np.zeros(0, dtype=bool)
        meanings = [_Meaning("") if b else self._meaning(u) for u, b in zip(uniques, blank, strict=True)]
        meanings.append(_Meaning(""))  # code -1: missing
        names = pick_texts([m.name for m in meanings[:-1]], codes, cells.index)
        return ResolvedOperators(
            names,
            np.array([m.foreign for m in meanings], dtype=bool)[codes],
            np.array([m.virtual for m in meanings], dtype=bool)[codes],
            np.array([m.unknown for m in meanings], dtype=bool)[codes],
        )

    def codes(self, cells: pd.Series) -> pd.Series:
        """Return network codes as ``"452-04"``; empty where a cell is no network code."""
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        return pick_texts([self._code(u) for u in uniques], codes, cells.index)

    def is_foreign_code(self, code: str) -> bool:
        """Tell whether a network code ``"456-08"`` belongs to a country without domestic service."""
        return bool(code) and bool(self.home_mcc) and code[:3] not in self.home_mcc

    def names_several(self, value: object) -> bool:
        """Tell whether a text is a list of names of which not all mean one operator: ``"Viettel, VNP"``, ``"Viettel, Công ty X"``.

        Abbreviations and network codes count here where they stand alone between marks, or alone as a word. A company that nobody knows
        counts outside brackets only: ``"Viettel (Công ty Mạng lưới)"`` may be a part of it.
        """
        text = str(value)
        parts = [p for p in map(clean, _BETWEEN.split(text)) if fold_key(p)]
        words = [w for p in parts for w in p.split() if len(fold_key(w)) >= _SHORTEST_WORD and fold_key(w) not in self.common_words]
        meant = {m.name for p in (*parts, *words) if (m := self._named_alone(p)) is not None}
        meant |= {m.name for p in parts if (m := self._named_inside(p)) is not None}
        outside = [p for p in map(clean, _BETWEEN.split(_IN_BRACKETS.sub(" ", text))) if fold_key(p)]
        strangers = [p for p in outside if _COMPANY.search(fold(p)) and self._named_alone(p) is None and self._named_inside(p) is None]
        return len(meant) > 1 or (len(meant) == 1 and len(outside) > 1 and bool(strangers))

    def _code(self, value: object) -> str:
        code = network_code(value, known_mccs=self._mccs)
        if code and code not in self._by_code and len(code) == 7 and code[4] == "0":
            # 452-004 for 452-04: the network code was padded to three digits
            short = f"{code[:4]}{code[5:]}"
            return short if short in self._by_code else code
        return code

    def _meaning(self, value: object) -> _Meaning:
        code = self._code(value)
        if code:
            operator = self._by_code.get(code)
            if operator is None:
                return _Meaning(code, self.is_foreign_code(code), virtual=False, unknown=True, code=code)
            return self._as_meaning(operator)
        text = clean(value)
        if not text:  # nothing but invisible characters
            return _Meaning("")
        operator = self._by_key.get(fold_key(text)) or self._by_exact.get(text.casefold())
        if operator is not None:
            return self._as_meaning(operator)
        inside = None if self.names_several(value) else self._named_inside(text)
        if inside is not None:
            return inside
        return _Meaning(text, unknown=True)

    def _as_meaning(self, operator: Operator) -> _Meaning:
        host = self._hosts.get(fold_key(operator.name))
        if host is not None:
            return _Meaning(host, virtual=True)
        mccs = {code[:3] for code in operator.mcc_mnc}
        foreign = operator.status == "foreign" if not (mccs and self.home_mcc) else not mccs & self.home_mcc
        return _Meaning(operator.name, foreign=foreign, virtual=operator.status == "virtual")

    def _named_alone(self, text: str) -> _Meaning | None:
        """Return the operator of which a whole text is a name or a network code, None if it is none."""
        operator = self._by_code.get(self._code(text)) or self._by_key.get(fold_key(text))
        return None if operator is None else self._as_meaning(operator)

    def _named_inside(self, text: str) -> _Meaning | None:
        """Return the one network that a longer text names ("Viettel Hà Giang"), None if none or several."""
        words = tuple(fold(text).split())
        matches: list[tuple[int, int, Operator]] = []
        for sought, operator in self._by_words.items():
            width = len(sought)
            last = len(words) - width if sum(map(len, sought)) >= _SHORTEST_INSIDE else 0
            matches += [
                (i, i + width, operator) for i in range(min(last, len(words) - width) + 1) if words[i : i + width] == sought
            ]
        # A name within a longer name ("Viettel" in "Viettel Cambodia") does not count.
        outer = [
            m for m in matches if not any(o[0] <= m[0] and m[1] <= o[1] and (o[1] - o[0]) > (m[1] - m[0]) for o in matches)
        ]
        found = {self._as_meaning(m[2]) for m in outer}
        if len({m.name for m in found}) != 1:
            return None
        first = next(iter(found))
        return first._replace(virtual=any(m.virtual for m in found))


def network_code(value: object, *, known_mccs: Iterable[str] = ()) -> str:
    """Return a network code as ``"452-04"``, or an empty string if the value is none.

    Read are ``45204``, ``"45204.0"``, ``"452-04"``, ``"452 4"``, ``"452/04"``, ``"302720"``. Four digits
    (``4524``: the zero of the network code was lost) are read only under a country code of
    ``known_mccs``. Country codes are 200 to 799; 001, 901 and 999 are for tests, shared and private networks
    (ITU-T E.212, Annex A).
    """
    if isinstance(value, float | np.floating):
        value = f"{float(value):.3f}".rstrip("0") if not float(value).is_integer() else int(value)
    text = re.sub(r"(?<=\d{4})\.0+$", "", clean(value))
    if found := _MARKED_CODE.match(text):
        return f"{found[1]}-{found[2].zfill(2)}"
    if found := _PLAIN_CODE.match(text):
        if len(found[2]) == 1 and found[1] not in set(known_mccs):
            return ""
        return f"{found[1]}-{found[2].zfill(2)}"
    return ""


def operators_from(entries: Sequence[Mapping[str, object]]) -> tuple[Operator, ...]:
    """Return the operators of ``[[operator]]`` entries.

    Raises
    ------
    ProjectFileError
        If an entry lacks its name, has a field that is not known, or a code that is none.
    """
    return tuple(_operator(entry) for entry in entries)


def _operator(entry: Mapping[str, object]) -> Operator:
    name = clean(entry.get("name"))
    if not name:
        raise ProjectFileError(
            f"[[operator]]: thiếu 'name' trong mục {dict(entry)}.", f"[[operator]]: 'name' is missing in {dict(entry)}."
        )
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise ProjectFileError(
            f"[[operator]] '{name}': không có trường {', '.join(unknown)}; được phép: {', '.join(sorted(_KEYS))}.",
            f"[[operator]] '{name}': no field {', '.join(unknown)}; allowed: {', '.join(sorted(_KEYS))}.",
        )
    codes = []
    for value in _texts(entry, "mcc_mnc", name):
        code = network_code(value, known_mccs={value[:3]})
        if not code:
            raise ProjectFileError(
                f"[[operator]] '{name}': '{value}' không phải mã mạng; viết như \"452-04\".",
                f"[[operator]] '{name}': '{value}' is not a network code; write it as \"452-04\".",
            )
        codes.append(code)
    status = str(entry.get("status", "on_air"))
    if status not in _STATUSES:
        raise ProjectFileError(
            f"[[operator]] '{name}': status = '{status}'; được phép: {', '.join(_STATUSES)}.",
            f"[[operator]] '{name}': status = '{status}'; allowed: {', '.join(_STATUSES)}.",
        )
    return Operator(name, _texts(entry, "aliases", name), tuple(codes), _texts(entry, "hosts", name), status)


def _texts(entry: Mapping[str, object], key: str, name: str) -> tuple[str, ...]:
    value = entry.get(key, ())
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ProjectFileError(
            f"[[operator]] '{name}': '{key}' phải là danh sách, ví dụ [\"…\"].",
            f"[[operator]] '{name}': '{key}' must be a list, such as [\"…\"].",
        )
    return tuple(clean(item) for item in value)
