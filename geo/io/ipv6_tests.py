"""IPv6 tests: single ones (capable, preferred), counts per commune and operator, shares per network.

What a table's numbers are (counts, shares, percent) is told by its headers or by numbers that can be one thing only; else
the table is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.came import shown
from geo.io.percent_cells import doubtful_percent, percent_marks
from geo.io.positions import POSITION_FIELDS, PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.service_access import access_column, given_access
from geo.io.service_places import settle_places
from geo.io.service_sums import without_total_words
from geo.io.service_times import TimeRules, settle_periods, settle_utc, time_rules
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.samples import DeviceNumbers
from geo.schemas import Schema
from geo.service_frames import IPV6_TESTS
from geo.text import clean, fold, fold_key
from geo.validation import IssueLog
from geo.values import is_blank, parse_flags, parse_numbers, parse_texts

__all__ = ["read_ipv6_tests"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_MEASURES = ("count", "share", "percent")
_PERCENT = 100.0
_PLACES = (*POSITION_FIELDS, "commune_code", "commune_name", "province_code", "province_name")


def read_ipv6_tests(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    log: IssueLog,
    as_of: pd.Timestamp | None = None,
    devices: DeviceNumbers | None = None,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read the IPv6 tests of one file.

    Options beside those of every table, in ``options.extra``: ``access``, ``period``, ``measure`` (``count``, ``share`` or
    ``percent``), ``country`` (of networks that are kept) and ``utc_offset_h``.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
    catalogue : OperatorCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    as_of : Timestamp, optional
    devices : DeviceNumbers, optional
        One for all files of a run, so that a telephone keeps its number.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        As :data:`geo.service_frames.IPV6_TESTS`.

    Raises
    ------
    InputError
        If the file cannot be read or lacks the columns, or an option is wrong.
    """
    schema = load_schema("ipv6_tests")
    rules, devices = time_rules(options, as_of), devices or DeviceNumbers()
    parts = [
        _read_table(table, schema, options, context, catalogue, rules, devices, log)
        for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    ]
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else IPV6_TESTS.empty()


@lru_cache(maxsize=1)
def _settings() -> Mapping[str, Any]:
    return load_toml("ipv6_tests.toml")


def _read_table(
    table: Table,
    schema: Schema,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    rules: TimeRules,
    devices: DeviceNumbers,
    log: IssueLog,
) -> pd.DataFrame:
    frame, _ = without_total_words(table, convert(table, schema, log), ("access",), log)
    sums = "tests" in frame.columns
    frame = _of_the_country(table, frame, options, log)
    time = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]")
    if not sums:
        frame, time = settle_utc(table, frame, rules, log)
    period = clean(options.extra.get("period", ""))
    frame, start, end = settle_periods(table, frame, period, rules, log, needed=sums)
    frame = _placed(table, frame, context, options, log)
    counted = None if log.refused(table.source) else _counted(table, frame, options, sums, log)
    if counted is None:
        log.close("ipv6_tests", table.source, rows_in=table.rows_in, rows_used=0)
        return IPV6_TESTS.empty()
    frame, capable, preferred = counted
    kept = frame.index
    one = not sums
    moment = (time + pd.Timedelta(hours=rules.utc_offset_h)).dt.tz_localize(None)
    local = moment.dt.normalize()
    asn = _asn(frame)
    result = pd.DataFrame(
        {
            "operator": _operators(table, frame, asn, options, catalogue, log),
            "access": _access(table, frame, options, log),
            "commune_code": frame["commune_code"],
            "lon": frame["lon"],
            "lat": frame["lat"],
            "time": time[kept],
            "capable": _flag(capable, frame.index, known=one),
            "preferred": _flag(preferred, frame.index, known=one),
            "is_aggregate": sums,
            "tests": 1 if one else frame["tests"].fillna(0).astype("int64"),
            "capable_tests": capable,
            "preferred_tests": preferred,
            "asn": asn,
            "device": _device(table, frame, devices, log) if one else "",
            "period_start": start[kept].fillna(local[kept]),
            "period_end": end[kept].fillna(local[kept]),
            "file": table.source.file,
            "sheet": table.source.sheet,
            "row": frame.index.to_numpy(dtype=np.int64),
        },
        index=kept,
    )
    result = _without_repeated(table, result, (moment == local)[kept].to_numpy(dtype=bool), log)
    log.close("ipv6_tests", table.source, rows_in=table.rows_in, rows_used=len(result))
    return IPV6_TESTS.conform(result)


def _of_the_country(table: Table, frame: pd.DataFrame, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Drop networks of other countries: world lists hold them all."""
    if "country_code" not in frame.columns:
        return frame
    home = clean(options.extra.get("country", "")) or str(_settings()["home_country"]["value"])
    texts = parse_texts(frame["country_code"])
    other = ((texts.str.upper() != home.upper()) & (texts != "")).to_numpy(dtype=bool)
    return log.drop(frame, other, "ipv6_other_country", table.source, column=table.header("country_code"), came=texts,
                    fields={"country": home, "kept": int((~other).sum())})


def _placed(table: Table, frame: pd.DataFrame, context: PositionContext, options: TableOptions, log: IssueLog) -> pd.DataFrame:
    """Place rows where they say something of a place; networks as a whole have none."""
    if not set(_PLACES) & set(frame.columns) and table.geometry is None:
        if len(frame):
            log.add("ipv6_no_place", table.source)
        return frame.assign(lon=np.nan, lat=np.nan, commune_code=pd.Series("", index=frame.index, dtype="str"))
    return settle_places(table, frame, context=context, options=options, zoom=16, tile_apart_m=np.inf, log=log)


# -- counts -----------------------------------------------------------------------------------------


def _counted(
    table: Table, frame: pd.DataFrame, options: TableOptions, sums: bool, log: IssueLog
) -> tuple[pd.DataFrame, FloatArray, FloatArray] | None:
    """Return usable rows with the tests that were capable and that preferred IPv6; None if the table is refused."""
    numbers: dict[str, FloatArray] = {}
    for name in ("capable", "preferred"):
        if name not in frame.columns:
            numbers[name] = np.full(len(frame), np.nan)
            continue
        if not sums and _is_shares(frame[name]):
            log.add("ipv6_counts_missing", table.source, column=table.header(name), came="; ".join(shown(c) for c in frame[name].dropna().head(5)))
            return None
        read = _tested(table, frame, name, log) if not sums else _summed(table, frame, name, options, log)
        if read is None:
            return None
        numbers[name] = read
    capable, preferred = numbers["capable"], numbers["preferred"]
    tests = np.ones(len(frame)) if not sums else frame["tests"].to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        negative = (capable < 0) | (preferred < 0)
        impossible = ~negative & ((capable > tests) | (preferred > tests) | (preferred > capable))
        empty = ~(tests > 0) | ~(np.isfinite(capable) | np.isfinite(preferred))
    impossible |= negative
    empty &= ~impossible
    columns = [n for n in ("capable", "preferred", "tests") if n in frame.columns]
    header = "; ".join(table.header(n) for n in columns)
    if impossible.any():
        came = ["; ".join(shown(c) for c in row) for row in frame.loc[impossible, columns].itertuples(index=False)]
        log.add("ipv6_counts_impossible", table.source, rows=frame.index[impossible], column=header, came=came)
    if empty.any():
        log.add("ipv6_nothing_said", table.source, rows=frame.index[empty], column=header)
    keep = ~impossible & ~empty
    return frame.loc[keep], capable[keep], preferred[keep]


def _is_shares(cells: pd.Series) -> bool:
    """Tell whether what should be yes or no is mostly other numbers: shares whose numbers of tests are missing."""
    number = parse_numbers(cells.dropna().astype(object).map(lambda c: c.replace("%", "") if isinstance(c, str) else c), minimum=0)
    known = number.values[np.isfinite(number.values)]
    return bool(len(known) > len(cells) / 2 and (~np.isin(known, (0.0, 1.0))).mean() > 0.5)


def _tested(table: Table, frame: pd.DataFrame, name: str, log: IssueLog) -> FloatArray:
    """Return 1 and 0 of single tests."""
    flags, bad = parse_flags(frame[name])
    if bad.any():
        log.add("flag_unreadable", table.source, rows=frame.index[bad], column=table.header(name), came=list(frame[name][bad]))
    return flags.to_numpy(dtype=np.float64, na_value=np.nan)


def _summed(table: Table, frame: pd.DataFrame, name: str, options: TableOptions, log: IssueLog) -> FloatArray | None:
    """Return how many of each row's tests; None, and the table refused, if it is not clear what the numbers are."""
    bare, marked, by_format = percent_marks(frame[name])
    plain = ~marked & ~by_format
    number = parse_numbers(bare, minimum=0, estimates=True)
    header = table.header(name)
    for code, mask in (("number_unreadable", number.unreadable), ("number_ambiguous", number.ambiguous), ("number_estimated", number.approximate)):
        if mask.any():
            log.add(code, table.source, rows=frame.index[mask], column=header, came=list(frame[name][mask]), fields={"unit": ""})
    tests = frame["tests"].to_numpy(dtype=np.float64)
    known = number.values[plain & np.isfinite(number.values) & np.isfinite(tests)]
    measure, told = _measure(table, header, known, options, marked=bool(marked.any() or by_format.any()))
    if not measure and len(known):
        log.add("ipv6_measure_unknown", table.source, column=header, came="; ".join(f"{v:g}" for v in known[:5]))
        return None
    if measure != "count" and len(known):
        beyond = known > (_PERCENT if measure == "percent" else 1.0)
        if beyond.mean() > 0.5 if len(known) else False:
            log.add("ipv6_measure_unknown", table.source, column=header, came="; ".join(f"{v:g}" for v in known[:5]))
            return None
    values = number.values.copy()
    if measure == "percent" and told != "option":
        kept, lost = doubtful_percent(table.source.file, values, plain, told=told == "header")
        for code, mask in (("percent_below_one", kept), ("percent_or_share", lost)):
            if mask.any():
                log.add(code, table.source, rows=frame.index[mask], column=header, came=list(frame[name][mask].astype(str)))
        values[lost] = np.nan
    share = np.where(marked | (plain & (measure == "percent")), values / _PERCENT, values)
    counted: FloatArray = np.where(plain & (measure == "count"), values, share * tests)
    return counted


def _measure(table: Table, header: str, known: FloatArray, options: TableOptions, *, marked: bool) -> tuple[str, str]:
    """Return what a column's plain numbers are, and what says so: the project file (``option``), program or ``header``, cells that are ``marked`` as percent
    beside them, or their ``size``; else two empty texts."""
    given = clean(options.extra.get("measure", ""))
    if given:
        if given not in _MEASURES:
            raise InputError(f"measure = '{given}': được phép {', '.join(_MEASURES)}.", f"measure = '{given}': allowed are {', '.join(_MEASURES)}.")
        return given, "option"
    for form in _settings()["forms"].values():
        if {fold_key(table.header(n)) for n in ("capable", "preferred")} & {fold_key(h) for h in form["headers"]}:
            return str(form["measure"]), "option"
    if marked:
        return "percent", "header" if "%" in header else "marked"
    folded = f" {fold(header).replace('_', ' ')} "
    said = [m for m, words in _settings()["measures"].items() if any((w == "%" and "%" in header) or (fold(w) and f" {fold(w)} " in folded) for w in words)]
    if "percent" in said or "count" in said:
        return "percent" if "percent" in said else "count", "header"
    whole = bool((known == np.floor(known)).all())
    top = float(known.max(initial=0))
    if "share" in said:  # "Tỷ lệ" is written 0,72 and 72
        return "" if top > _PERCENT else "percent" if top > 1 else "share", "size"
    if top > _PERCENT:
        return "count" if whole else "", "size"
    return "" if whole else "percent" if top > 1 else "share", "size"


def _flag(tests: FloatArray, index: pd.Index, *, known: bool) -> pd.Series:
    if not known:
        return pd.Series(pd.NA, index=index, dtype="boolean")
    flags = pd.Series(tests > 0, index=index, dtype="boolean")
    return flags.mask(np.isnan(tests))


# -- whose ------------------------------------------------------------------------------------------


def _asn(frame: pd.DataFrame) -> pd.Series:
    if "asn" not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    texts = parse_texts(frame["asn"]).str.upper().str.removeprefix("ASN").str.removeprefix("AS").str.strip()
    return texts.where(texts.str.fullmatch(r"\d+"), "").astype("str")


def _operators(
    table: Table, frame: pd.DataFrame, asn: pd.Series, options: TableOptions, catalogue: OperatorCatalogue, log: IssueLog
) -> pd.Series:
    """Return the operator of each row: named, by its network's number, or by the name that is registered for it."""
    names = pd.Series("", index=frame.index, dtype="str")
    frame, total = without_total_words(table, frame, ("operator",), log)
    if "operator" in frame.columns:
        named = catalogue.resolve(frame["operator"])
        names = named.names
        unknown = named.unknown & (names != "").to_numpy(dtype=bool)
        if unknown.any():
            log.add("sample_operator_unknown", table.source, column=table.header("operator"),
                    came=", ".join(dict.fromkeys(names[unknown]))[:200])
    networks = {str(number): str(name) for number, name in _settings()["networks"].items()}
    by_number = asn.map(networks).fillna("").astype("str")
    take = ((names == "") & (by_number != "")).to_numpy(dtype=bool, copy=True)
    names = names.where(~take, by_number)
    if "network_name" in frame.columns:
        texts = parse_texts(frame["network_name"])
        found = catalogue.resolve(texts.str.replace(r",\s*[A-Z]{2}$", "", regex=True))
        known = found.names.where(~found.unknown, texts)
        by_name = ((names == "") & (texts != "")).to_numpy(dtype=bool)
        names = names.where(~by_name, known)
        take |= by_name & ~found.unknown
    if take.any():
        pairs = (asn[take] + " → " + names[take]).drop_duplicates()
        log.add("ipv6_network_mapped", table.source, column=table.header("asn"), came=", ".join(pairs)[:200])
    if options.operator:
        stated = catalogue.resolve(pd.Series([options.operator])).names.iloc[0]
        names = names.where(names != "", stated)
    names = names.mask(total, "")
    missing = (names == "").to_numpy(dtype=bool) & ~total
    if missing.any():
        log.add("sample_operator_missing", table.source, rows=() if missing.all() else frame.index[missing],
                column=table.headers.get("operator", ""))
    return names.astype("str")


def _device(table: Table, frame: pd.DataFrame, devices: DeviceNumbers, log: IssueLog) -> pd.Series:
    """Return numbers in place of identities, empty where there is none."""
    if "device" not in frame.columns or frame.empty:
        return pd.Series("", index=frame.index, dtype="str")
    known = ~is_blank(frame["device"])
    numbers = devices.number(frame["device"])
    log.add("sample_device_replaced", table.source, column=table.header("device"), fields={"count": len(np.unique(numbers[known]))})
    return pd.Series(numbers, index=frame.index).astype("str").where(known, "").astype("str")


def _access(table: Table, frame: pd.DataFrame, options: TableOptions, log: IssueLog) -> pd.Series:
    told = access_column(table, frame, "access", log, state_unknown=True)
    given = given_access(clean(options.extra.get("access", "")))
    return told.where(told != "", given).astype("str")


def _without_repeated(table: Table, result: pd.DataFrame, day_only: BoolArray, log: IssueLog) -> pd.DataFrame:
    """Drop rows that repeat another; single tests only where a moment (not a day alone) and a device or place tell them apart."""
    keys = [c for c in result.columns if c not in {"file", "sheet", "row"}]
    told = result["is_aggregate"] | (result["time"].notna() & (result["lon"].notna() | (result["device"] != "")))
    again = result.duplicated(keys).to_numpy(dtype=bool) & told.to_numpy(dtype=bool) & ~day_only
    return log.drop(result, again, "speed_duplicate", table.source)
