"""Speed tests: single ones, G-NetTrack's, Ookla's open tiles and tables per commune, to one frame.

A test that moved nothing has failed, it is not of speed 0. A value that no technology carries is unknown, not clipped.
Bit rates of a telephone in use are kept apart from tests. Identities of devices are dropped here.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.package_speeds import settle_packages
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.sample_networks import settle_operators
from geo.io.service_places import settle_places
from geo.io.service_sums import without_total_words
from geo.io.service_times import TimeRules, settle_periods, settle_utc, time_rules
from geo.io.speed_forms import Reading, form_of, speed_rules, speed_setting
from geo.io.speed_networks import settle_networks
from geo.io.speed_repeats import SeenTests, state_collapse, without_repeated
from geo.io.speed_units import read_speeds, speed_limits, unit_rules
from geo.io.speed_values import SPEED_FIELDS, settle_values
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.samples import DeviceNumbers
from geo.schemas import Schema
from geo.service_frames import SOURCE_KINDS, SPEED_SAMPLES
from geo.text import fold, fold_key
from geo.validation import IssueLog
from geo.values import is_blank, parse_texts

__all__ = ["SeenTests", "read_speed_tests"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_YES6 = frozenset(("ipv6", "v6", "6", "co", "yes", "true", "1", "x", "dualstack", "ipv4v6"))
_NO6 = frozenset(("ipv4", "v4", "4", "khong", "no", "false", "0"))
_QUARTER_IN_NAME = re.compile(r"(20\d\d)[-_. ]?q([1-4])(?!\d)", re.IGNORECASE)
_START_IN_NAME = re.compile(r"(20\d\d)-(\d\d)-\d\d_performance")


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
        form = form_of(table)
        parts.append(_read_table(Reading(table, options, context, catalogue, bands, devices, seen, times, form, log), schema))
    filled = [p for p in parts if len(p)]
    if not filled:
        return SPEED_SAMPLES.empty()
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)


def _read_table(reading: Reading, schema: Schema) -> pd.DataFrame:
    table, log = reading.table, reading.log
    frame = convert(table, schema, log)
    sums = "tests" in frame.columns
    frame, _ = without_total_words(table, frame, ("technology",), log)
    frame = _without_zero_seconds(reading, frame)
    frame, time = settle_utc(table, frame, reading.times, log) if not sums else (frame, _no_time(frame))
    frame, start, end = settle_periods(table, frame, _period_given(reading), reading.times, log, needed=sums)
    frame = _placed(reading, frame)
    frame, technology, access = settle_networks(reading, frame)
    frame = settle_packages(table, frame, unit=reading.option("unit") or reading.form.unit, rows=unit_rules().rows, log=log)
    limits = speed_limits(technology, access)
    speeds = None
    if not log.refused(table.source):
        speeds = read_speeds(
            table, frame, SPEED_FIELDS, default_unit=reading.form.unit, given_unit=reading.option("unit"), limits=limits,
            rules=unit_rules(), log=log,
        )  # fmt: skip
    if log.refused(table.source) or speeds is None:
        log.close("speed_tests", table.source, rows_in=table.rows_in, rows_used=0)
        return SPEED_SAMPLES.empty()
    frame, values = settle_values(reading, frame, speeds, limits, technology)
    kept = frame.index
    operators = _operators(reading, frame, sums)
    moment = (time + pd.Timedelta(hours=reading.times.utc_offset_h)).dt.tz_localize(None)
    local = moment.dt.normalize()
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
    traffic = reading.form.source_kind == "traffic"
    result = without_repeated(
        table.source, result, reading.seen, day_only=(moment == local)[kept].to_numpy(dtype=bool), traffic=traffic,
        fewest=int(speed_setting("repeated_day_tests")), log=log,
    )  # fmt: skip
    if not traffic:
        state_collapse(
            table.source, result, fewest=int(speed_setting("collapse_tests")), share=speed_setting("collapse_share"), log=log
        )
    log.close("speed_tests", table.source, rows_in=table.rows_in, rows_used=len(result))
    return SPEED_SAMPLES.conform(result)


def _operators(reading: Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
    """Return the network of each row; sums that name none are of all operators together."""
    fields = [f for f in ("operator_name", "operator", "mcc", "mnc") if f in frame.columns]
    frame, total = without_total_words(reading.table, frame, ("operator", "operator_name"), reading.log)
    if sums and not fields and not reading.options.operator:
        reading.log.add("speed_all_operators", reading.table.source)
        return pd.Series("", index=frame.index, dtype="str")
    found = settle_operators(
        reading.table, frame, np.zeros(len(frame), dtype=bool), options=reading.options, catalogue=reading.operators,
        bands=reading.bands, log=reading.log,
    )  # fmt: skip
    return found.names.mask(total, "")


def _no_time(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]")


def _text(frame: pd.DataFrame, column: str, otherwise: str = "") -> pd.Series:
    """Return a text column, ``otherwise`` where it says nothing."""
    if column not in frame.columns:
        return pd.Series(otherwise, index=frame.index, dtype="str")
    texts = parse_texts(frame[column])
    return texts.where(texts != "", otherwise)


def _without_zero_seconds(reading: Reading, frame: pd.DataFrame) -> pd.DataFrame:
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


def _period_given(reading: Reading) -> str:
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


def _placed(reading: Reading, frame: pd.DataFrame) -> pd.DataFrame:
    return settle_places(
        reading.table, frame, context=reading.context, options=reading.options, zoom=int(speed_setting("quadkey_zoom")),
        tile_apart_m=speed_setting("tile_apart_m"), log=reading.log,
    )  # fmt: skip


def _counts(reading: Reading, frame: pd.DataFrame, sums: bool) -> dict[str, object]:
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


def _statistic(reading: Reading, frame: pd.DataFrame) -> pd.Series:
    """Return by what the sums sum up: each row's word, the headers', the project file's or the program's."""
    words = _all_words("statistics")
    by_row = _text(frame, "statistic")
    known = by_row.map({t: words.get(fold_key(t), "") for t in by_row.unique()}).astype("str")
    given = reading.option("statistic")
    if given and fold_key(given) not in words:
        allowed = ", ".join(speed_rules()["statistics"])
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
        found |= {k for k, words in speed_rules()["statistics"].items() if any(f" {fold(w)} " in header for w in (k, *words))}
    return found.pop() if len(found) == 1 else ""


def _all_words(section: str) -> dict[str, str]:
    return {fold_key(w): name for name, words in speed_rules()[section].items() for w in (name, *words)}


def _source_kind(reading: Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
    words = _all_words("source_kinds")
    given = reading.option("source_kind")
    if given and words.get(fold_key(given), "") not in SOURCE_KINDS:
        allowed = ", ".join(speed_rules()["source_kinds"])
        raise InputError(f"source_kind = '{given}': được phép {allowed}.", f"source_kind = '{given}': allowed are {allowed}.")
    otherwise = words.get(fold_key(given), "") or reading.form.source_kind or ("aggregate" if sums else "crowd_test")
    texts = _text(frame, "source_kind")
    known = texts.map({t: words.get(fold_key(t), "") for t in texts.unique()}).astype("str")
    unknown = ((known == "") & (texts != "")).to_numpy(dtype=bool)
    if unknown.any():
        reading.log.add("choice_unknown", reading.table.source, rows=frame.index[unknown], came=list(texts[unknown]),
                        column=reading.table.header("source_kind"), fields={"choices": ", ".join(speed_rules()["source_kinds"])})
    if "source_kind" not in frame.columns and not given and not reading.form.source_kind:
        reading.log.add("speed_source_taken", reading.table.source, fields={"kind": otherwise})
    return known.where(known != "", otherwise).astype("str")


def _ipv6(reading: Reading, frame: pd.DataFrame) -> pd.Series:
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


def _devices(reading: Reading, frame: pd.DataFrame, sums: bool) -> pd.Series:
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
