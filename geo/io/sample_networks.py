"""Whose network a sample is of: names and network codes side by side, virtual and foreign ones told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.raw import TableOptions
from geo.io.tables import Table
from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.text import fold_key
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["SampleNetworks", "settle_operators"]

BoolArray = npt.NDArray[np.bool_]
_LISTED = 30


@dataclass(frozen=True, slots=True)
class SampleNetworks:
    """Networks of a table's rows.

    Attributes
    ----------
    names, codes : Series of str
        Operator whose network it is, and its network code; empty where not known.
    foreign, no_service : (n,) bool
        ``no_service`` with what the operator columns add ("NO_COVERAGE" in place of a name).
    """

    names: pd.Series
    codes: pd.Series
    foreign: BoolArray
    no_service: BoolArray


def settle_operators(
    table: Table,
    frame: pd.DataFrame,
    no_service: BoolArray,
    *,
    options: TableOptions,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
) -> SampleNetworks:
    """Return the network of each row, stating what is unknown, virtual, foreign or contradictory.

    A known network code decides; a name is taken where there is none. Rows without service that name
    nobody belong to the log's only operator, if it has one only.
    """
    index = frame.index
    none = no_service.copy()
    name_cells = pd.Series(np.nan, index=index, dtype=object)
    code_cells = _country_and_network(frame)
    for field in ("operator_name", "operator"):
        if field not in frame.columns:
            continue
        said = _says_no_service(frame[field], bands)
        none |= said
        cells = frame[field].mask(said) if said.any() else frame[field]
        is_code = (catalogue.codes(cells) != "").to_numpy(dtype=bool)
        code_cells = cells if is_code.all() else code_cells.where(~is_code, cells)
        filled = ~is_blank(cells) & ~is_code
        name_cells = cells if filled.all() else name_cells.where(~(filled & is_blank(name_cells)), cells)
    by_name, by_code = catalogue.resolve(name_cells), catalogue.resolve(code_cells)
    codes = catalogue.codes(code_cells)
    named, coded = (by_name.names != "").to_numpy(dtype=bool), (by_code.names != "").to_numpy(dtype=bool)
    take_code = coded & (~by_code.unknown | ~named)
    names = by_name.names.where(~take_code, by_code.names)
    names = _named_elsewhere(names, codes, take_code & by_code.unknown, named)
    foreign = np.where(coded, by_code.foreign, by_name.foreign)
    virtual = np.where(take_code, by_code.virtual | (named & by_name.virtual), by_name.virtual)
    unknown = np.where(take_code, by_code.unknown, by_name.unknown) & ~none
    header = "; ".join(table.header(f) for f in ("operator_name", "operator", "mcc", "mnc") if f in frame.columns)
    differs = named & coded & ~by_name.unknown & ~by_code.unknown & (by_name.names != by_code.names).to_numpy(dtype=bool)
    if differs.any():
        came = [f"{a} / {b}" for a, b in zip(by_name.names[differs], codes[differs], strict=True)]
        log.add("sample_operator_contradicts", table.source, rows=index[differs], column=header, came=came)
    _state_unknown(table, names, codes, unknown, catalogue, header, log)
    if virtual.any():
        log.add("sample_virtual_operator", table.source, column=header, rows=index[virtual],
                came=list(names[virtual]))
    if foreign.any():
        log.add("sample_foreign_network", table.source, column=header, rows=index[foreign], came=list(names[foreign]))
    if options.operator:
        stated = catalogue.resolve(pd.Series([options.operator]))
        names = names.where(names != "", stated.names.iloc[0])
    names = _of_the_log(table, names, codes, foreign, none, log)
    missing = (names == "").to_numpy(dtype=bool)
    if missing.any():
        log.add("sample_operator_missing", table.source, rows=() if missing.all() else index[missing], column=header)
    return SampleNetworks(names.astype("str"), codes, foreign.astype(bool), none)


def _says_no_service(cells: pd.Series, bands: BandCatalogue) -> BoolArray:
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    said = [fold_key(u) in bands.no_service or fold_key(u) in bands.emergency for u in uniques]
    return np.array([*said, False], dtype=bool)[codes]


def _country_and_network(frame: pd.DataFrame) -> pd.Series:
    """Return network codes from a country code and a network code in two columns."""
    if not {"mcc", "mnc"} <= set(frame.columns):
        return pd.Series(np.nan, index=frame.index, dtype=object)
    mcc, mnc = frame["mcc"], frame["mnc"]
    first, mccs = pd.factorize(mcc, use_na_sentinel=True)
    second, mncs = pd.factorize(mnc, use_na_sentinel=True)
    blank = is_blank(mcc) | is_blank(mnc)
    pair = np.where(blank, -1, first.astype(np.int64) * max(1, len(mncs)) + second)
    pairs, kinds = pd.factorize(pair)
    texts: list[object] = []
    for kind in kinds:
        if kind < 0:
            texts.append(np.nan)
            continue
        texts.append(f"{_whole(mccs[int(kind) // max(1, len(mncs))])}-{_whole(mncs[int(kind) % max(1, len(mncs))])}")
    return pd.Series(np.array([*texts, np.nan], dtype=object)[pairs], index=frame.index, dtype=object)


def _whole(value: object) -> str:
    text = str(value).strip()
    return text.removesuffix(".0")


def _named_elsewhere(names: pd.Series, codes: pd.Series, bare: npt.NDArray[np.bool_], named: BoolArray) -> pd.Series:
    """Give rows that have only a code the name that the table's other rows give to that code."""
    if not bare.any() or not (named & ~bare).any():
        return names
    told = pd.DataFrame({"code": codes[named], "name": names[named]}).drop_duplicates()
    told = told[(told["code"] != "") & ~told["code"].duplicated(keep=False)]
    known = dict(zip(told["code"], told["name"], strict=True))
    return names.mask(bare & codes.isin(list(known)).to_numpy(dtype=bool), codes.map(known))


def _state_unknown(
    table: Table,
    names: pd.Series,
    codes: pd.Series,
    unknown: npt.NDArray[np.bool_],
    catalogue: OperatorCatalogue,
    header: str,
    log: IssueLog,
) -> None:
    if not unknown.any():
        return
    domestic = codes.str[:3].isin(sorted(catalogue.home_mcc)).to_numpy(dtype=bool) & unknown
    if domestic.any():
        log.add("sample_operator_unassigned", table.source, rows=names.index[domestic], column=header,
                came=list(codes[domestic]))
    rest = unknown & ~domestic
    if rest.any():
        listed = list(dict.fromkeys(names[rest]))[:_LISTED]
        log.add("sample_operator_unknown", table.source, column=header, came=", ".join(listed))


def _of_the_log(
    table: Table, names: pd.Series, codes: pd.Series, foreign: npt.NDArray[np.bool_], none: BoolArray, log: IssueLog
) -> pd.Series:
    """Give rows without service and without operator the only operator that the log has."""
    silent = none & (names == "").to_numpy(dtype=bool)
    if not silent.any():
        return names
    known = [n for n in pd.unique(names[~foreign]) if n]
    if len(known) != 1:
        return names
    log.add("sample_no_service_operator", table.source, rows=names.index[silent], fields={"operator": known[0]})
    return names.mask(silent, known[0])
