"""Speed tests: single ones, G-NetTrack's, Ookla's open tiles and tables per commune, to one frame.

A test that moved nothing has failed, it is not of speed 0. A value that no technology carries is unknown, not clipped.
Bit rates of a telephone in use are kept apart from tests. Identities of devices are dropped here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import load_toml
from geo.io.sample_networks import settle_operators
from geo.io.service_access import access_column, access_word, given_access
from geo.io.service_places import settle_places
from geo.io.service_times import TimeRules, settle_periods, settle_utc, time_rules
from geo.io.speed_units import SpeedCells, read_speeds, speed_limits, unit_rules
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.radio import TECHNOLOGIES, BandCatalogue
from geo.samples import DeviceNumbers
from geo.schemas import Schema
from geo.service_frames import ACCESSES, SOURCE_KINDS, SPEED_SAMPLES
from geo.text import clean, fold, fold_key
from geo.validation import IssueLog
from geo.values import is_blank, parse_texts

__all__ = ["SeenTests", "read_speed_tests"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_SPEEDS = ("download", "upload", "package_download", "package_upload")
_YES6 = frozenset(("ipv6", "v6", "6", "co", "yes", "true", "1", "x", "dualstack", "ipv4v6"))
_NO6 = frozenset(("ipv4", "v4", "4", "khong", "no", "false", "0"))
_IDLE = frozenset(("i", "v"))  # G-NetTrack: idle, voice
_QUARTER_IN_NAME = re.compile(r"(20\d\d)[-_. ]?q([1-4])(?!\d)", re.IGNORECASE)
_START_IN_NAME = re.compile(r"(20\d\d)-(\d\d)-\d\d_performance")
_SAME = (
    "operator", "technology", "access", "time", "lon", "lat", "commune_code", "download_mbps", "upload_mbps", "latency_ms",
    "tests", "devices", "statistic", "period_start", "period_end",
)  # fmt: skip


@dataclass(slots=True)
class SeenTests:
    """Rows of the files read before, as 64-bit digests: the same upload given twice counts once."""

    digests: list[npt.NDArray[np.uint64]] = field(default_factory=list)

    def repeated(self, frame: pd.DataFrame) -> BoolArray:
        """Return which rows an earlier call was given; rows that cannot be told apart from others never are."""
        keys = pd.util.hash_pandas_object(frame[list(_SAME)], index=False).to_numpy()
        known = _recognisable(frame)
        again = np.zeros(len(frame), dtype=bool)
        for earlier in self.digests:
            again |= np.isin(keys, earlier) & known
        self.digests.append(np.unique(keys[known]))
        return again


@dataclass(frozen=True, slots=True)
class _Form:
    """What is known of a program's table beyond its headers."""

    name: str = ""
    unit: str = ""
    statistic: str = ""
    source_kind: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every step of one table's reading needs."""

    table: Table
    options: TableOptions
    context: PositionContext
    operators: OperatorCatalogue
    bands: BandCatalogue
    devices: DeviceNumbers
    seen: SeenTests
    times: TimeRules
    form: _Form
    log: IssueLog

    def option(self, name: str) -> str:
        return clean(self.options.extra.get(name, ""))


def read_speed_tests(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
    as_of: pd.Timestamp | None = None,
    devices: DeviceNumbers | None = None,
    seen: SeenTests | None = None,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read the speed tests of one file.

    Options beside those of every table, in ``options.extra``: ``access``, ``technology``, ``statistic``, ``source_kind``,
    ``campaign`` and ``period`` for tables that do not say; ``unit``, which wins over a header; ``utc_offset_h``;
    ``failed = "zero"`` to count a test that moved nothing as one of speed 0.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    as_of : Timestamp, optional
        The project's date; without it neither age nor future is judged.
    devices : DeviceNumbers, optional
        One for all files of a run, so that a telephone keeps its number.
    seen : SeenTests, optional
        One for all files of a run: what an earlier file held is not counted again.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        As :data:`geo.service_frames.SPEED_SAMPLES`.

    Raises
    ------
    InputError
        If the file cannot be read or lacks the columns that tests need, or an option is wrong.
    """
    schema = load_schema("speed_tests")
    devices, seen = devices or DeviceNumbers(), seen or SeenTests()
    times = time_rules(options, as_of)
    parts = []
    for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits):
        form = _form(table)
        parts.append(_read_table(_Reading(table, options, context, catalogue, bands, devices, seen, times, form, log), schema))
    filled = [p for p in parts if len(p)]
    if not filled:
        return SPEED_SAMPLES.empty()
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Any]:
    return load_toml("speed_tests.toml")


def _value(name: str) -> float:
    return float(_rules()[name]["value"])


def _form(table: Table) -> _Form:
    """Return what is known of the program that wrote the table, by its headers."""
    came = {fold_key(table.header(f)) for f in ("download", "upload") if f in table.headers}
    for name, entry in _rules()["forms"].items():
        if came & {fold_key(h) for h in entry["headers"]}:
            return _Form(name, **{k: entry[k] for k in ("unit", "statistic", "source_kind", "access") if k in entry})
    return _Form()


def _read_table(reading: _Reading, schema: Schema) -> pd.DataFrame:
    table, log = reading.table, reading.log
    frame = convert(table, schema, log)
    sums = "tests" in frame.columns
    frame = _without_zero_seconds(reading, frame)
    frame, time = settle_utc(table, frame, reading.times, log) if not sums else (frame, _no_time(frame))
    frame, start, end = settle_periods(table, frame, _period_given(reading), reading.times, log, needed=sums)
    frame = _placed(reading, frame)
    frame, technology, access = _networks(reading, frame)
    limits = speed_limits(technology, access)
    speeds = None
    if not log.refused(table.source):
        speeds = read_speeds(
            table, frame, _SPEEDS, default_unit=reading.form.unit, given_unit=reading.option("unit"), limits=limits,
            rules=unit_rules(), log=log,
        )  # fmt: skip
    if log.refused(table.source) or speeds is None:
        log.close("speed_tests", table.source, rows_in=table.rows_in, rows_used=0)
        return SPEED_SAMPLES.empty()
    frame, values = _values(reading, frame, speeds, limits, technology)
    kept = frame.index
    operators = _operators(reading, frame, sums)
    local = (time + pd.Timedelta(hours=reading.times.utc_offset_h)).dt.tz_localize(None).dt.normalize()
    counts = _counts(reading, frame, sums)
    result = pd.DataFrame(
        {
            "operator": operators,
            "technology": technology[kept],
            "access": access[kept],
            "time": time[kept],
            "lon": frame["lon"],
            "lat": frame["lat"],
            "commune_code": frame["commune_code"],
            "device_id": _devices(reading, frame, sums),
            **values,
            "ipv6": _ipv6(reading, frame),
            "is_aggregate": sums,
            **counts,
            "statistic": _statistic(reading, frame) if sums else "",
            "period_start": start[kept].fillna(local[kept]),
            "period_end": end[kept].fillna(local[kept]),
            "source_kind": _source_kind(reading, frame, sums),
            "campaign": _text(frame, "campaign", reading.option("campaign")),
            "file": table.source.file,
            "sheet": table.source.sheet,
            "row": frame.index.to_numpy(dtype=np.int64),
        },
        index=kept,
    )
    result = _without_repeated(reading, result)
    _state_collapse(reading, result)
    log.close("speed_tests", table.source, rows_in=table.rows_in, rows_used=len(result))
    return SPEED_SAMPLES.conform(result)


def _operators(reading: _Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
    """Return the network of each row; sums that name none are of all operators together."""
    fields = [f for f in ("operator_name", "operator", "mcc", "mnc") if f in frame.columns]
    if sums and not fields and not reading.options.operator:
        reading.log.add("speed_all_operators", reading.table.source)
        return pd.Series("", index=frame.index, dtype="str")
    found = settle_operators(
        reading.table, frame, np.zeros(len(frame), dtype=bool), options=reading.options, catalogue=reading.operators,
        bands=reading.bands, log=reading.log,
    )  # fmt: skip
    return found.names


def _no_time(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]")


def _text(frame: pd.DataFrame, column: str, otherwise: str = "") -> pd.Series:
    """Return a text column, ``otherwise`` where it says nothing."""
    if column not in frame.columns:
        return pd.Series(otherwise, index=frame.index, dtype="str")
    texts = parse_texts(frame[column])
    return texts.where(texts != "", otherwise)


def _without_zero_seconds(reading: _Reading, frame: pd.DataFrame) -> pd.DataFrame:
    """Drop tests that lasted no time: bytes over nothing are no speed."""
    if "duration_s" in frame.columns:
        with np.errstate(invalid="ignore"):
            none = frame["duration_s"].to_numpy(dtype=np.float64) <= 0
        frame = reading.log.drop(frame, none, "speed_zero_seconds", reading.table.source,
                                 column=reading.table.header("duration_s"), came=frame["duration_s"])
    if {"time", "end_time"} <= set(frame.columns) and len(frame):
        trial = IssueLog(reading.log.catalogue)  # what is wrong with the times is said when they are settled
        ends = frame[["end_time"]].rename(columns={"end_time": "time"})
        _, begin = settle_utc(reading.table, frame[["time"]], TimeRules(0, pd.Timestamp.min), trial)
        _, end = settle_utc(reading.table, ends, TimeRules(0, pd.Timestamp.min), trial)
        seconds = (end - begin).dt.total_seconds().reindex(frame.index).to_numpy(dtype=np.float64)
        with np.errstate(invalid="ignore"):
            none = seconds <= 0
        came = frame["time"].astype(object).astype(str) + " – " + frame["end_time"].astype(object).astype(str)
        frame = reading.log.drop(frame, none, "speed_zero_seconds", reading.table.source,
                                 column=f"{reading.table.header('time')}; {reading.table.header('end_time')}", came=came)
    return frame


def _period_given(reading: _Reading) -> str:
    """Return the period that the project file gives, or an open tile file's name; said where it is the name."""
    given = reading.option("period")
    if given or reading.form.name != "ookla":
        return given
    name = reading.table.source.file
    found = _QUARTER_IN_NAME.search(name)
    start = _START_IN_NAME.search(name)
    period = f"{found[1]}-Q{found[2]}" if found else f"{start[1]}-Q{(int(start[2]) + 2) // 3}" if start else ""
    if period:
        reading.log.add("speed_period_from_name", reading.table.source, came=name, fields={"period": period})
    return period


def _placed(reading: _Reading, frame: pd.DataFrame) -> pd.DataFrame:
    return settle_places(
        reading.table, frame, context=reading.context, options=reading.options, zoom=int(_value("quadkey_zoom")),
        tile_apart_m=_value("tile_apart_m"), log=reading.log,
    )  # fmt: skip


# -- what kind of line ------------------------------------------------------------------------------


def _networks(reading: _Reading, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return rows whose access is known, their technology and their access."""
    table, log = reading.table, reading.log
    stated = _stated_technology(reading, frame)
    technology = stated
    told = access_column(table, frame, "access", log, state_unknown=True)
    told = told.where(told != "", access_column(table, frame, "technology", log, state_unknown=False))
    told = told.where(told != "", (technology != "").map({True: "mobile", False: ""}).astype("str"))
    fixed_radio = ((told == "fixed") & (technology != "")).to_numpy(dtype=bool)
    technology = technology.mask(fixed_radio, "")
    otherwise = _access_given(reading)
    told = told.where(told != "", otherwise).astype("str")
    lacking = (told == "").to_numpy(dtype=bool)
    if lacking.all() and len(frame):
        log.add("speed_access_unknown", table.source, column=table.headers.get("access", ""))
        return frame, technology, told
    kept = log.drop(frame, lacking, "speed_access_missing", table.source, column=table.headers.get("access", ""))
    return kept, technology[~lacking], told[~lacking]


def _stated_technology(reading: _Reading, frame: pd.DataFrame) -> pd.Series:
    """Return 2G..5G where the technology column, else the access column, names one."""
    table, log, bands = reading.table, reading.log, reading.bands
    technology = pd.Series("", index=frame.index, dtype="str")
    for name in ("technology", "access"):
        if name not in frame.columns:
            continue
        column = bands.technology_column(frame[name])
        technology = technology.where(technology != "", column.values)
        if name == "technology":
            texts = parse_texts(frame[name])
            lines = texts.map({t: access_word(t) == "fixed" for t in texts.unique()}).to_numpy(dtype=bool)
            unknown = column.unknown & ~lines
            if unknown.any():
                log.add("sample_technology_unknown", table.source, rows=frame.index[unknown], column=table.header(name),
                        came=list(frame[name][unknown]))
    given = reading.option("technology")
    if given:
        known = bands.technology(given)
        if not known:
            raise InputError(
                f"'{given}' không phải công nghệ; được phép: {', '.join(TECHNOLOGIES)}.",
                f"'{given}' is no technology; allowed: {', '.join(TECHNOLOGIES)}.",
            )
        technology = technology.where(technology != "", known)
    return technology.astype("str")


def _access_given(reading: _Reading) -> str:
    """Return the access of rows that do not tell: the project file's, the program's, else what an open tile file is named."""
    given = given_access(reading.option("access"))
    if given:
        return given
    if reading.form.access or reading.form.name != "ookla":
        return reading.form.access
    words = set(fold(reading.table.source.file).replace("_", " ").replace("=", " ").split())
    named = [a for a in ACCESSES if a in words]
    if len(named) == 1:
        reading.log.add("speed_access_from_name", reading.table.source, came=reading.table.source.file, fields={"access": named[0]})
        return named[0]
    return ""


# -- values -----------------------------------------------------------------------------------------


def _values(
    reading: _Reading,
    frame: pd.DataFrame,
    speeds: Mapping[str, SpeedCells],
    limits: Mapping[str, FloatArray],
    technology: pd.Series,
) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """Return the rows with a usable value and their speeds and latency, what is wrong with them stated."""
    table, log = reading.table, reading.log
    values = {f: speeds[f].mbps if f in speeds else np.full(len(frame), np.nan) for f in _SPEEDS}
    with np.errstate(invalid="ignore"):
        negative = {f: values[f] < 0 for f in _SPEEDS}
        beyond = {f: values[f] > limits[f] for f in _SPEEDS}
    bad = np.zeros(len(frame), dtype=bool)
    for name in _SPEEDS:
        if name in frame.columns:
            now = negative[name] & ~bad
            bad |= now
            if now.any():
                log.add("speed_negative", table.source, rows=frame.index[now], column=table.header(name),
                        came=list(frame[name][now].astype(str)))
            if beyond[name].any():
                log.add("speed_implausible", table.source, rows=frame.index[beyond[name]], column=table.header(name),
                        came=list(frame[name][beyond[name]].astype(str)),
                        fields={"limit": f"{float(np.unique(limits[name][beyond[name]])[-1]):g}"})
                values[name] = np.where(beyond[name], np.nan, values[name])
    latency = frame["latency_ms"].to_numpy(dtype=np.float64) if "latency_ms" in frame.columns else np.full(len(frame), np.nan)
    with np.errstate(invalid="ignore"):
        latency = np.where(latency > 0, latency, np.nan)  # a ping of 0 is one that was not made
        values = {f: np.where((v == 0) & f.startswith("package"), np.nan, v) for f, v in values.items()}
    if reading.form.source_kind == "traffic":
        frame, keep = _transfers(reading, frame, values, ~bad, technology)
    else:
        frame, keep = _without_transfer(reading, frame, values, latency, ~bad)
    names = {"download": "download_mbps", "upload": "upload_mbps", "package_download": "package_download_mbps", "package_upload": "package_upload_mbps"}
    out = {names[f]: values[f][keep] for f in _SPEEDS}
    return frame, {**out, "latency_ms": latency[keep]}


def _without_transfer(
    reading: _Reading, frame: pd.DataFrame, values: dict[str, FloatArray], latency: FloatArray, keep: BoolArray
) -> tuple[pd.DataFrame, BoolArray]:
    """Return rows that say something, and which they are; ``values`` of transfers that moved nothing become unknown."""
    table, log = reading.table, reading.log
    came = "; ".join(table.header(f) for f in ("download", "upload") if f in frame.columns)
    with np.errstate(invalid="ignore"):
        nothing = {f: values[f] == 0 for f in ("download", "upload")}
    failed = (nothing["download"] | nothing["upload"]) & keep
    as_zero = _failed_as_zero(reading)
    if not as_zero:
        for f, none in nothing.items():
            values[f] = np.where(none, np.nan, values[f])
    if failed.any():
        code = "speed_failed_as_zero" if as_zero else "speed_failed"
        log.add(code, table.source, rows=frame.index[failed], column=came)
    said = np.isfinite(values["download"]) | np.isfinite(values["upload"]) | np.isfinite(latency)
    empty = keep & ~said
    if empty.any():
        log.add("speed_nothing_measured", table.source, rows=frame.index[empty], column=came)
    keep = keep & said
    return frame.loc[keep], keep


def _transfers(
    reading: _Reading, frame: pd.DataFrame, values: dict[str, FloatArray], keep: BoolArray, technology: pd.Series
) -> tuple[pd.DataFrame, BoolArray]:
    """Return the rows of a log of bit rates in which something was transferred, and which they are; 0 becomes unknown."""
    table, log = reading.table, reading.log
    came = "; ".join(table.header(f) for f in ("download", "upload") if f in frame.columns)
    idle = np.zeros(len(frame), dtype=bool)
    if "state" in frame.columns:
        states = frame["state"].map({s: fold_key(s) in _IDLE for s in frame["state"].dropna().unique()})
        idle = states.fillna(value=False).to_numpy(dtype=bool, copy=True)
    for f in ("download", "upload"):
        values[f] = np.where(values[f] == 0, np.nan, values[f])
    idle |= ~(np.isfinite(values["download"]) | np.isfinite(values["upload"]))
    idle &= keep
    if idle.any():
        log.add("speed_no_transfer", table.source, rows=frame.index[idle], column=came)
    keep = keep & ~idle
    down = pd.Series(values["download"][keep]).groupby(technology.to_numpy()[keep]).agg(["size", "median"])
    listed = [f"{name or '?'} {median:.3g} ({size})" for name, size, median in down.itertuples()]
    log.add("speed_bit_rates", table.source, column=came, came=str(int(keep.sum())), fields={"medians": ", ".join(listed) or "—"})
    return frame.loc[keep], keep


def _failed_as_zero(reading: _Reading) -> bool:
    given = reading.option("failed") or "unknown"
    if given not in {"zero", "unknown"}:
        raise InputError(f"failed = '{given}': được phép \"zero\" hoặc \"unknown\".", f"failed = '{given}': allowed are \"zero\" and \"unknown\".")
    return given == "zero"


def _counts(reading: _Reading, frame: pd.DataFrame, sums: bool) -> dict[str, object]:
    if not sums:
        return {"tests": 1, "devices": 1}
    table, log = reading.table, reading.log
    tests = frame["tests"].to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        none = ~(tests > 0)
    if none.any():
        log.add("speed_tests_not_told", table.source, rows=frame.index[none], column=table.header("tests"))
    devices = frame["devices"].fillna(0).astype("int64") if "devices" in frame.columns else 0
    return {"tests": np.where(none, 0, tests).astype(np.int64), "devices": devices}


def _statistic(reading: _Reading, frame: pd.DataFrame) -> pd.Series:
    """Return by what the sums sum up: each row's word, the headers', the project file's or the program's."""
    words = _all_words("statistics")
    by_row = _text(frame, "statistic")
    known = by_row.map({t: words.get(fold_key(t), "") for t in by_row.unique()}).astype("str")
    given = reading.option("statistic")
    if given and fold_key(given) not in words:
        allowed = ", ".join(_rules()["statistics"])
        raise InputError(f"statistic = '{given}': được phép {allowed}.", f"statistic = '{given}': allowed are {allowed}.")
    otherwise = words.get(fold_key(given), "") or reading.form.statistic or _statistic_in(reading.table)
    known = known.where(known != "", otherwise).astype("str")
    silent = (known == "").to_numpy(dtype=bool)
    if silent.any():
        log_rows = () if silent.all() else frame.index[silent]
        reading.log.add("speed_statistic_unknown", reading.table.source, rows=log_rows,
                        column=reading.table.headers.get("statistic", ""))
    return known.where(known != "", "unknown").astype("str")


def _statistic_in(table: Table) -> str:
    """Return the statistic that the headers of both speeds name, empty if they name none or two."""
    found = set()
    for name in ("download", "upload"):
        header = f" {fold(table.headers.get(name, '')).replace('_', ' ')} "
        found |= {k for k, words in _rules()["statistics"].items() if any(f" {fold(w)} " in header for w in (k, *words))}
    return found.pop() if len(found) == 1 else ""


def _all_words(section: str) -> dict[str, str]:
    return {fold_key(w): name for name, words in _rules()[section].items() for w in (name, *words)}


def _source_kind(reading: _Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
    words = _all_words("source_kinds")
    given = reading.option("source_kind")
    if given and words.get(fold_key(given), "") not in SOURCE_KINDS:
        allowed = ", ".join(_rules()["source_kinds"])
        raise InputError(f"source_kind = '{given}': được phép {allowed}.", f"source_kind = '{given}': allowed are {allowed}.")
    otherwise = words.get(fold_key(given), "") or reading.form.source_kind or ("aggregate" if sums else "crowd_test")
    texts = _text(frame, "source_kind")
    known = texts.map({t: words.get(fold_key(t), "") for t in texts.unique()}).astype("str")
    unknown = ((known == "") & (texts != "")).to_numpy(dtype=bool)
    if unknown.any():
        reading.log.add("choice_unknown", reading.table.source, rows=frame.index[unknown], came=list(texts[unknown]),
                        column=reading.table.header("source_kind"), fields={"choices": ", ".join(_rules()["source_kinds"])})
    if "source_kind" not in frame.columns and not given and not reading.form.source_kind:
        reading.log.add("speed_source_taken", reading.table.source, fields={"kind": otherwise})
    return known.where(known != "", otherwise).astype("str")


def _ipv6(reading: _Reading, frame: pd.DataFrame) -> pd.Series:
    if "ipv6" not in frame.columns:
        return pd.Series(pd.NA, index=frame.index, dtype="boolean")
    texts = parse_texts(frame["ipv6"])
    keys = {t: fold_key(t) for t in texts.unique()}
    flags = texts.map({t: True if k in _YES6 else False if k in _NO6 else None for t, k in keys.items()}).astype("boolean")
    bad = (flags.isna() & (texts != "")).to_numpy(dtype=bool)
    if bad.any():
        reading.log.add("flag_unreadable", reading.table.source, rows=frame.index[bad], came=list(texts[bad]),
                        column=reading.table.header("ipv6"))
    return flags


def _devices(reading: _Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
    """Return numbers in place of identities; empty where tests cannot be told apart by device."""
    table = reading.table
    unknown = pd.Series("", index=frame.index, dtype="str")
    if sums or frame.empty:
        return unknown
    if "device" in frame.columns:
        known = ~is_blank(frame["device"])
        numbers = reading.devices.number(frame["device"])
        reading.log.add("sample_device_replaced", table.source, column=table.header("device"),
                        fields={"count": len(np.unique(numbers[known]))})
        return pd.Series(numbers, index=frame.index).astype("str").where(known, "").astype("str")
    if reading.form.name.startswith("gnettrack"):  # one telephone, one log
        keys = pd.Series(table.source.file, index=frame.index, dtype=object)
        if "route" in frame.columns:
            keys = keys + "\x00" + frame["route"].astype(object)
        return pd.Series(reading.devices.number(keys), index=frame.index).astype("str")
    return unknown


# -- rows against each other ------------------------------------------------------------------------


def _recognisable(frame: pd.DataFrame) -> BoolArray:
    """Return which rows can be told from others: single tests by their time, sums by what they sum up."""
    return (frame["is_aggregate"] | frame["time"].notna()).to_numpy(dtype=bool)


def _without_repeated(reading: _Reading, result: pd.DataFrame) -> pd.DataFrame:
    """Drop rows that repeat another: in this table (a missing latency is taken over), or in a file read before."""
    table, log = reading.table, reading.log
    log_of_one = reading.form.source_kind == "traffic"
    # A logger writes a second's rates again when its ping comes back: the same transfer, now with latency.
    keys = [c for c in (*_SAME, "device_id") if not (log_of_one and c == "latency_ms")]
    recognised = _recognisable(result)
    again = result.duplicated(keys).to_numpy(dtype=bool) & recognised
    if again.any():
        if log_of_one:
            groups = result.groupby(keys, dropna=False, sort=False)["latency_ms"].transform("first")
            result = result.assign(latency_ms=result["latency_ms"].where(result["latency_ms"].notna() | ~recognised, groups))
        result = log.drop(result, again, "speed_duplicate", table.source)
    return log.drop(result, reading.seen.repeated(result), "speed_in_another_file", table.source)


def _state_collapse(reading: _Reading, result: pd.DataFrame) -> None:
    """State devices whose last tests all move next to nothing: most likely their data allowance was used up."""
    if result.empty or reading.form.source_kind == "traffic" or bool(result["is_aggregate"].iloc[0]):
        return
    known = result[(result["device_id"] != "") & result["time"].notna()]
    fewest, share = int(_value("collapse_tests")), _value("collapse_share")
    for _, tests in known.groupby("device_id", sort=True):
        ordered = tests.sort_values("time", kind="stable")
        speed = ordered["download_mbps"].fillna(0).to_numpy()
        if len(speed) < 2 * fewest:
            continue
        best = float(np.quantile(speed, 0.9))  # what the device reaches when it works
        last_good = np.flatnonzero(speed >= share * best).max(initial=-1)
        tail = ordered.index[last_good + 1 :]
        # Ping that answers tells this from a place without signal.
        if best > 0 and len(tail) >= fewest and ordered["latency_ms"].loc[tail].notna().mean() > 0.5:
            reading.log.add("speed_collapsed", reading.table.source, rows=tail,
                            fields={"n": len(tail), "before": f"{best:.3g}"})
