"""Whose network a sample is of: names and network codes side by side, virtual and foreign ones told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import distinct_rows, pick_texts
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
    fields = [f for f in ("operator_name", "operator", "mcc", "mnc") if f in frame.columns]
    rows, first = distinct_rows([*(frame[f] for f in fields), no_service], len(frame))
    # All that follows is said of the distinct combinations and then given to their rows.
    kinds = _settle_kinds(frame[fields].iloc[first].reset_index(drop=True), no_service[first], options, catalogue, bands)
    header = "; ".join(table.header(f) for f in fields)
    _state(table, frame.index, kinds, rows, catalogue, header, log)
    return SampleNetworks(
        pick_texts(kinds["name"].to_numpy(dtype=object), rows, frame.index),
        pick_texts(kinds["code"].to_numpy(dtype=object), rows, frame.index),
        kinds["foreign"].to_numpy(dtype=bool)[rows],
        kinds["none"].to_numpy(dtype=bool)[rows],
    )


def _settle_kinds(
    cells: pd.DataFrame, no_service: BoolArray, options: TableOptions, catalogue: OperatorCatalogue, bands: BandCatalogue
) -> pd.DataFrame:
    """Return name, code and what is to be said of each distinct combination of cells."""
    none = no_service.copy()
    name_cells = pd.Series(np.nan, index=cells.index, dtype=object)
    code_cells = _country_and_network(cells)
    for field in ("operator_name", "operator"):
        if field not in cells.columns:
            continue
        said = _says_no_service(cells[field], bands)
        none |= said
        given = cells[field].astype(object).mask(said)
        is_code = (catalogue.codes(given) != "").to_numpy(dtype=bool)
        code_cells = code_cells.where(~is_code, given)
        filled = ~is_blank(given) & ~is_code
        name_cells = name_cells.where(~(filled & is_blank(name_cells)), given)
    by_name, by_code = catalogue.resolve(name_cells), catalogue.resolve(code_cells)
    codes = catalogue.codes(code_cells)
    named, coded = (by_name.names != "").to_numpy(dtype=bool), (by_code.names != "").to_numpy(dtype=bool)
    take_code = coded & (~by_code.unknown | ~named)
    bare = take_code & by_code.unknown
    names = by_name.names.where(~take_code, by_code.names)
    names, told = _named_elsewhere(names, codes, bare, named)
    unknown = np.where(take_code, by_code.unknown & ~told, by_name.unknown) & ~none
    foreign = np.where(coded, by_code.foreign, by_name.foreign)
    if options.operator:
        stated = catalogue.resolve(pd.Series([options.operator]))
        names = names.where(names != "", stated.names.iloc[0])
    silent = none & (names == "").to_numpy(dtype=bool)
    only = [n for n in pd.unique(names[~foreign]) if n]
    inherits = silent if len(only) == 1 else np.zeros(len(cells), dtype=bool)
    return pd.DataFrame(
        {
            "name": names.mask(inherits, only[0]) if inherits.any() else names,
            "code": codes,
            "foreign": foreign,
            "none": none,
            "virtual": np.where(take_code, by_code.virtual | (named & by_name.virtual), by_name.virtual),
            "unknown": unknown,
            "differs": named & coded & ~by_name.unknown & ~by_code.unknown
            & (by_name.names != by_code.names).to_numpy(dtype=bool),
            "inherits": inherits,
            "came": by_name.names + " / " + codes,
        }
    )


def _state(
    table: Table,
    index: pd.Index,
    kinds: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    catalogue: OperatorCatalogue,
    header: str,
    log: IssueLog,
) -> None:
    """State what is to be said of the combinations, for their rows."""
    code = kinds["code"].astype("str")
    domestic = code.str[:3].isin(sorted(catalogue.home_mcc)) & kinds["unknown"]
    elsewhere = kinds["unknown"] & ~domestic

    def note(issue: str, which: pd.Series, came: pd.Series) -> None:
        if which.any():
            said = which.to_numpy(dtype=bool)[rows]
            log.add(issue, table.source, rows=index[said], column=header, came=list(came.to_numpy(dtype=object)[rows[said]]))

    note("sample_operator_contradicts", kinds["differs"], kinds["came"])
    note("sample_operator_unassigned", domestic, kinds["code"])
    if elsewhere.any():
        listed = list(dict.fromkeys(kinds["name"][elsewhere]))[:_LISTED]
        log.add("sample_operator_unknown", table.source, column=header, came=", ".join(listed))
    note("sample_virtual_operator", kinds["virtual"], kinds["name"])
    note("sample_foreign_network", kinds["foreign"], kinds["name"])
    if kinds["inherits"].any():
        said = kinds["inherits"].to_numpy(dtype=bool)[rows]
        name = kinds["name"][kinds["inherits"]].iloc[0]
        log.add("sample_no_service_operator", table.source, rows=index[said], fields={"operator": name})
    missing = (kinds["name"] == "").to_numpy(dtype=bool)[rows]
    if missing.any():
        log.add("sample_operator_missing", table.source, rows=() if missing.all() else index[missing], column=header)


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


def _named_elsewhere(
    names: pd.Series, codes: pd.Series, bare: BoolArray, named: BoolArray
) -> tuple[pd.Series, BoolArray]:
    """Give rows that have only a code the name that the table's other rows give to it; say which."""
    pairs = pd.DataFrame({"code": codes[named & ~bare], "name": names[named & ~bare]}).drop_duplicates()
    pairs = pairs[(pairs["code"] != "") & ~pairs["code"].duplicated(keep=False)]
    known = dict(zip(pairs["code"], pairs["name"], strict=True))
    told = bare & codes.isin(list(known)).to_numpy(dtype=bool)
    return (names.mask(told, codes.map(known)) if told.any() else names), told
