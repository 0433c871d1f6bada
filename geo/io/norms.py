"""The department's norms of cost: what a thing costs, from which document, of which year. Nothing is guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geo.errors import Bilingual, InputError, MissingInputError
from geo.io.resources import load_toml

__all__ = ["NORM_ITEMS", "Norm", "Norms", "needed_norms", "proposal_norms", "read_norms", "street_norms", "undergrounding_asked"]

#: What a norm may be of. ``build`` goes by class of mast; ``mast_year`` is the yearly cost of keeping a mast (land, power, upkeep), ``move`` that of
#: moving one operator's antennas to another's mast, once. ``underground`` is by km of street: one trench with ducts for all its cables; ``tidy`` by km of hung cable.
NORM_ITEMS = ("build", "upgrade", "share", "remove", "mast_year", "move", "underground", "tidy")
_KEYS = ("item", "mast_class", "technology", "low_vnd", "central_vnd", "high_vnd", "unit", "source", "year")


@dataclass(frozen=True, slots=True)
class Norm:
    """One norm; đồng, whole numbers."""

    item: str
    mast_class: str
    technology: str
    low_vnd: int
    central_vnd: int
    high_vnd: int
    unit: str
    source: str
    year: int


@dataclass(frozen=True, slots=True)
class Norms:
    """All norms of a file."""

    file: str
    norms: tuple[Norm, ...]

    def find(self, item: str, *, mast_class: str = "", technology: str = "") -> Norm | None:
        """Return the norm that fits best: of this class and technology, of one of them, of all; None if there is none."""
        for wanted_class, wanted_technology in ((mast_class, technology), (mast_class, ""), ("", technology), ("", "")):
            for norm in self.norms:
                if (norm.item, norm.mast_class, norm.technology) == (item, wanted_class, wanted_technology):
                    return norm
        return None

    def missing(self, wanted: Iterable[tuple[str, str]]) -> list[str]:
        """Return which (item, class of mast) no norm is of, as ``"build A2b"``, each once."""
        names = (f"{item} {kind}".strip() for item, kind in wanted if self.find(item, mast_class=kind) is None)
        return list(dict.fromkeys(names))

    @property
    def years(self) -> tuple[int, ...]:
        """Years that the norms are of."""
        return tuple(sorted({n.year for n in self.norms}))


def read_norms(path: Path, *, file: str) -> Norms:
    """Read and check a norms file: TOML with ``[[norm]]`` entries of đồng, low, central, high, source and year.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        With every fault of the file in one message.
    """
    if not path.is_file():
        raise MissingInputError(f"plan.costs: không thấy tệp '{file}'.", f"plan.costs: file '{file}' not found.")
    try:
        content = tomllib.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file}: sai cú pháp TOML ({error}).", f"{file}: not valid TOML ({error}).") from error
    entries = content.get("norm", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        raise InputError(f"{file}: cần các mục [[norm]].", f"{file}: [[norm]] entries are needed.")
    faults: list[Bilingual] = []
    norms: list[Norm] = []
    for number, entry in enumerate(entries, start=1):
        wrong = list(_faults(number, entry))
        faults += wrong
        if not wrong:
            low, central, high = (int(entry[k]) for k in ("low_vnd", "central_vnd", "high_vnd"))
            item, kind, technology, unit, source = (str(entry.get(k, "")) for k in ("item", "mast_class", "technology", "unit", "source"))
            norms.append(Norm(item, kind, technology, low, central, high, unit, source, int(entry["year"])))
    keys = [(n.item, n.mast_class, n.technology) for n in norms]
    for key in dict.fromkeys(k for k in keys if keys.count(k) > 1):
        name = " ".join(part for part in key if part)
        faults.append(Bilingual(f"'{name}' có hai định mức.", f"'{name}' has two norms."))
    if faults:
        raise InputError(f"{file}: " + " ".join(f.vi for f in faults), f"{file}: " + " ".join(f.en for f in faults))
    return Norms(file, tuple(norms))


def _faults(number: int, entry: dict[str, object]) -> Iterable[Bilingual]:
    where_vi, where_en = f"[[norm]] thứ {number}", f"[[norm]] number {number}"
    for key in entry:
        if key not in _KEYS:
            yield Bilingual(f"{where_vi}: không có mục '{key}'.", f"{where_en}: there is no entry '{key}'.")
    if entry.get("item") not in NORM_ITEMS:
        allowed = ", ".join(NORM_ITEMS)
        yield Bilingual(f"{where_vi}: item = '{entry.get('item')}': chỉ {allowed}.", f"{where_en}: item = '{entry.get('item')}': {allowed} only.")
    money = [entry.get(k) for k in ("low_vnd", "central_vnd", "high_vnd")]
    whole = [m for m in money if isinstance(m, int | float) and not isinstance(m, bool) and m >= 0 and m == int(m)]
    if len(whole) < 3:
        yield Bilingual(f"{where_vi}: low_vnd, central_vnd, high_vnd phải là số đồng nguyên, không âm.", f"{where_en}: low_vnd, central_vnd and high_vnd are whole đồng, not negative.")
    elif not whole[0] <= whole[1] <= whole[2]:
        yield Bilingual(f"{where_vi}: cần low ≤ central ≤ high.", f"{where_en}: low ≤ central ≤ high is needed.")
    if not str(entry.get("source", "")).strip():
        yield Bilingual(f"{where_vi}: thiếu 'source' (văn bản, hợp đồng, báo giá).", f"{where_en}: 'source' is missing (document, contract, offer).")
    year = entry.get("year")
    if isinstance(year, bool) or not isinstance(year, int) or not 2000 <= year <= 2100:
        yield Bilingual(f"{where_vi}: thiếu 'year' (năm của giá).", f"{where_en}: 'year' of the price is missing.")


def needed_norms(plans: pd.DataFrame | None) -> list[tuple[str, str]]:
    """Return the (item, class of mast) that have to have a norm: what sharing saves, and every action of the registered lines."""
    needed = [("mast_year", ""), ("move", "")]
    if plans is not None:
        pairs = plans.loc[plans["action"] != "", ["action", "mast_class"]].drop_duplicates().sort_values(["action", "mast_class"])
        needed += [(str(action), str(kind) if action == "build" else "") for action, kind in pairs.itertuples(index=False)]
    return list(dict.fromkeys(needed))


def street_norms(inputs: Mapping[str, object], plan: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the (item, class) that undergrounding needs norms of; none where it is not asked for (:func:`undergrounding_asked`)."""
    return [("underground", ""), ("tidy", "")] if undergrounding_asked(inputs, plan) else []


def undergrounding_asked(inputs: Mapping[str, object], plan: Mapping[str, object]) -> bool:
    """Tell whether streets are ranked: they are given, and so is hung cable or ``[plan.undergrounding]``."""
    return bool(inputs.get("streets")) and (bool(inputs.get("cables")) or "undergrounding" in plan)


def proposal_norms(plan: Mapping[str, object], *, buildings: bool, areas: bool) -> list[tuple[str, str]]:
    """Return the (item, class of mast) that have to have a norm where sites are proposed; none where ``[plan]`` has no budget.

    Parameters
    ----------
    plan : mapping
        ``[plan]`` of the project file.
    buildings : bool
        Whether public land and buildings are given, so that masts on roofs may be proposed.
    areas : bool
        Whether restricted areas are given, so that discreet masts may be.
    """
    if not plan.get("budget_vnd"):
        return []
    shipped = load_toml("planning.toml")["candidates"]
    names = ["ground_class", *(["building_class"] if buildings else []), *(["discreet_class"] if areas else [])]
    classes = dict.fromkeys(str(plan.get(name, shipped[name]["value"])) for name in names)
    return [*(("build", kind) for kind in classes), ("share", ""), ("upgrade", "")]
