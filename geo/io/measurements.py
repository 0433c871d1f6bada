"""Signal samples: G-NetTrack Pro logs, OpenCelliD uploads and plain tables, to one frame.

What a row cannot say for sure is unknown; "no service" is a statement of its own and kept as such.
Identities of devices are dropped here and nowhere else seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import distinct_rows, pick_texts, plain_numbers
from geo.errors import InputError
from geo.io.catalogues import sample_settings
from geo.io.positions import PositionContext, settle_positions
from geo.io.raw import FileLimits, TableOptions
from geo.io.sample_levels import (
    LEVEL_FIELDS,
    TECHNOLOGY_CODES,
    read_level_cells,
    settle_levels,
    settle_quality,
    technology_from_columns,
)
from geo.io.sample_networks import settle_operators
from geo.io.sample_times import settle_times
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.operators import OperatorCatalogue
from geo.radio import TECHNOLOGIES, BandCatalogue, TechnologyColumn, split_lte_identity, split_umts_identity
from geo.samples import DeviceNumbers, SampleSettings, clock_runs_back, position_jumps, repeated
from geo.schemas import Schema
from geo.text import fold_key
from geo.validation import IssueLog
from geo.values import is_blank, parse_numbers, parse_texts

__all__ = ["MEASUREMENT_COLUMNS", "read_measurements"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
CodeArray = npt.NDArray[np.int8]

#: Columns of the frame, in order.
MEASUREMENT_COLUMNS = (
    "time", "lon", "lat", "operator", "mcc_mnc", "technology", "locked_technology", "cell_id", "node", "band", "arfcn",
    "pci", "level_dbm", "quality_db", "no_service", "foreign", "device", "one_device", "speed_kmh", "altitude_m", "route",
    "commune_code", "file", "sheet", "row",
)  # fmt: skip
_CHANNELS = {"nrarfcn": "5G", "earfcn": "4G", "uarfcn": "3G", "arfcn": ""}
_AUTOMATIC = frozenset(
    fold_key(t)
    for t in ("Tự động", "Auto", "Automatic", "Không", "Không khóa", "No", "None", "False", "0", "Unlocked", "2G/3G/4G/5G")
)
_MS_TO_KMH = 3.6


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every step of one table's reading needs."""

    table: Table
    options: TableOptions
    context: PositionContext
    operators: OperatorCatalogue
    bands: BandCatalogue
    settings: SampleSettings
    devices: DeviceNumbers
    as_of: pd.Timestamp | None
    log: IssueLog


def read_measurements(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    catalogue: OperatorCatalogue,
    bands: BandCatalogue,
    log: IssueLog,
    as_of: pd.Timestamp | None = None,
    settings: SampleSettings | None = None,
    devices: DeviceNumbers | None = None,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read the signal samples of one file.

    Options beside those of every table, in ``options.extra``: ``technology`` and
    ``locked_technology`` for tables that do not say, and any value of
    ``resources/measurements.toml`` (``utc_offset_h``, ``max_age_days`` ...).

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
        Its ``keep_outside`` decides whether samples beyond reach of the area are kept.
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    as_of : Timestamp, optional
        The project's date; without it neither age nor future is judged.
    settings : SampleSettings, optional
    devices : DeviceNumbers, optional
        One for all files of a run, so that a telephone keeps its number.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        Columns :data:`MEASUREMENT_COLUMNS`, RangeIndex. ``time`` datetime64[ns] local; ``lon``, ``lat``
        EPSG:4326 degrees; ``level_dbm`` NaN where unknown or without service; ``commune_code`` empty
        outside the area.

    Raises
    ------
    InputError
        If the file cannot be read or lacks the columns that samples need, or an option is wrong.
    """
    schema = load_schema("measurements")
    settings = settings or sample_settings(options.extra)
    devices = devices or DeviceNumbers()
    parts = []
    for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits):
        reading = _Reading(table, options, context, catalogue, bands, settings, devices, as_of, log)
        parts.append(_read_table(reading, schema))
    if not parts:
        return _assemble_empty()
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _assemble_empty() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in MEASUREMENT_COLUMNS})


def _read_table(reading: _Reading, schema: Schema) -> pd.DataFrame:
    table, log = reading.table, reading.log
    frame = convert(table, schema, log)
    frame = settle_positions(table, frame, context=reading.context, options=reading.options, log=log)
    stated = reading.bands.technology_column(_cells(frame, "technology"))
    levels = read_level_cells(table, frame, reading.bands, log)
    no_service = stated.no_service | levels.no_service | _service(reading, frame)
    operators = settle_operators(
        table, frame, no_service, options=reading.options, catalogue=reading.operators, bands=reading.bands, log=log
    )
    no_service = operators.no_service
    radio = _radio(reading, frame, stated, technology_from_columns(levels, frame), no_service)
    technology = radio.technology
    level = settle_levels(
        table, frame, levels, technology, no_service, reading.bands, reading.settings, log
    )
    quality = settle_quality(table, frame, technology, no_service, reading.bands, log)
    time = settle_times(table, frame, reading.settings, reading.as_of, log)
    node, cell = _identities(frame, technology)
    device, apart = _devices(reading, frame)
    if no_service.any():
        log.add("sample_no_service", table.source, rows=frame.index[no_service])
    _state_anchor(reading, frame, technology)
    names, zeros = ["", *TECHNOLOGIES], np.zeros(len(frame), dtype=np.int8)
    located = reading.context.area.locate(frame["lon"], frame["lat"])
    result = pd.DataFrame(
        {
            "time": time,
            "lon": frame["lon"],
            "lat": frame["lat"],
            "operator": operators.names,
            "mcc_mnc": operators.codes,
            "technology": pick_texts(names, technology, frame.index),
            "locked_technology": pick_texts(names, _locked(reading, frame, technology), frame.index),
            "cell_id": cell,
            "node": node,
            "band": radio.band,
            "arfcn": radio.channel,
            "pci": _first(frame, ("pci", "psc")),
            "level_dbm": level,
            "quality_db": quality,
            "no_service": no_service,
            "foreign": operators.foreign,
            "device": device,
            "one_device": np.full(len(frame), apart),
            "speed_kmh": _speed(reading, frame),
            "altitude_m": _first(frame, ("altitude_m",)),
            "route": frame["route"] if "route" in frame.columns else pick_texts([""], zeros, frame.index),
            "commune_code": pick_texts(reading.context.area.codes, located, frame.index),
            "file": pick_texts([table.source.file], zeros, frame.index),
            "sheet": pick_texts([table.source.sheet], zeros, frame.index),
            "row": frame.index.to_numpy(dtype=np.int64),
        },
        index=frame.index,
    )
    result = _drop_repeated(reading, frame, result)
    _state_tracks(reading, result, apart=apart)
    log.close("measurements", table.source, rows_in=table.rows_in, rows_used=len(result))
    return result.reset_index(drop=True)


def _cells(frame: pd.DataFrame, field: str) -> pd.Series:
    return frame[field] if field in frame.columns else pd.Series(np.nan, index=frame.index)


def _first(frame: pd.DataFrame, fields: tuple[str, ...]) -> pd.Series:
    """Return the first filled of several number columns."""
    present = [frame[name] for name in fields if name in frame.columns]
    if not present:
        return pd.Series(np.nan, index=frame.index)
    out = present[0]
    for other in present[1:]:
        out = out.where(out.notna(), other)
    return out


def _service(reading: _Reading, frame: pd.DataFrame) -> BoolArray:
    """Return where a state column says that there is no service."""
    if "service" not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    codes, uniques = pd.factorize(frame["service"], use_na_sentinel=True)
    keys = [fold_key(u) for u in uniques]
    none = [k in reading.bands.no_service or k in reading.bands.emergency for k in keys]
    header = fold_key(reading.table.header("service"))
    if header in reading.bands.no_service:  # a column called "Mất sóng": yes means none
        none = [n or k in {"1", "x", "co", "yes", "true"} for n, k in zip(none, keys, strict=True)]
    return np.array([*none, False], dtype=bool)[codes]


@dataclass(frozen=True, slots=True)
class _Radio:
    """Technology codes, channel numbers and bands of the rows."""

    technology: CodeArray
    channel: pd.Series
    band: pd.Series


def _radio(
    reading: _Reading,
    frame: pd.DataFrame,
    stated: TechnologyColumn,
    from_columns: CodeArray,
    no_service: BoolArray,
) -> _Radio:
    """Settle technology, channel and band; what was inferred or not understood is stated."""
    table, log, bands = reading.table, reading.log, reading.bands
    if stated.unknown.any():
        log.add("sample_technology_unknown", table.source, rows=frame.index[stated.unknown],
                column=table.header("technology"), came=list(frame["technology"][stated.unknown]))
    if stated.several.any():
        log.add("sample_technologies_several", table.source, rows=frame.index[stated.several],
                column=table.header("technology"), came=list(frame["technology"][stated.several]))
    technology = _codes_of(stated.values)
    if stated.several.any():
        technology[_dual(frame, bands) & (technology == 0)] = TECHNOLOGY_CODES["5G"]
    given = str(reading.options.extra.get("technology", ""))
    if given:
        technology[technology == 0] = _known_technology(given, bands)
    channel, implied = _channels(frame, technology, stated.several)
    if len([name for name in LEVEL_FIELDS if name in frame.columns]) < 2:  # loggers write "RSRP" over the levels of all technologies
        doubtful = stated.several | (stated.unknown & bands.names_any(_cells(frame, "technology")))  # "5G (2027)"
        from_columns = np.where(doubtful, 0, from_columns).astype(np.int8)
    # Few combinations stand for all rows.
    label_cells = _cells(frame, "band")
    rows, first = distinct_rows([channel, technology, implied, from_columns, label_cells], len(frame))
    kinds = _settle_kinds(
        bands, channel.iloc[first], technology[first], implied[first], from_columns[first], label_cells.iloc[first]
    )

    def note(code: str, mask: BoolArray, column: str, came: pd.Series) -> None:
        if mask.any():
            log.add(code, table.source, rows=frame.index[mask], column=column, came=list(came[mask]))

    headers = "; ".join(table.header(n) for n in _CHANNELS if n in frame.columns)
    numbers = channel.map("{:g}".format, na_action="ignore") if kinds[["ambiguous", "unknown"]].any(axis=None) else channel
    note("sample_band_unknown", kinds["label_unknown"].to_numpy()[rows] & ~no_service, table.header("band"), label_cells)
    note("sample_channel_ambiguous", kinds["ambiguous"].to_numpy()[rows], headers, numbers)
    note("sample_channel_unknown", kinds["unknown"].to_numpy()[rows] & ~no_service, headers, numbers)
    note("sample_band_contradicts", kinds["differs"].to_numpy()[rows], table.header("band"), label_cells)
    source = np.where(no_service, 0, kinds["source"].to_numpy()[rows])
    for number, what in enumerate(("channel", "band", "level column"), start=1):
        taken = source == number
        if taken.any():
            log.add("sample_technology_from_channel", table.source, rows=() if taken.all() else frame.index[taken],
                    fields={"what": what})
    final = np.where(source > 0, kinds["technology"].to_numpy()[rows], technology).astype(np.int8)
    missing = (final == 0) & ~no_service & ~stated.unknown & ~stated.several
    if missing.any():
        log.add("sample_technology_missing", table.source, rows=() if missing.all() else frame.index[missing])
    return _Radio(final, channel, pick_texts(kinds["band"].to_numpy(dtype=object), rows, frame.index))


def _dual(frame: pd.DataFrame, bands: BandCatalogue) -> BoolArray:
    """Return where a cell names 4G and 5G and the row has a level of each: dual connectivity, whose service is 5G."""
    if not {"rsrp", "ss_rsrp"} <= set(frame.columns):
        return np.zeros(len(frame), dtype=bool)
    both = (bands.technologies(_cells(frame, "technology")) == "4G,5G").to_numpy(dtype=bool)
    for name in ("rsrp", "ss_rsrp"):
        both = both & np.isfinite(parse_numbers(frame[name]).values)
    return np.asarray(both)


def _known_technology(text: str, bands: BandCatalogue) -> int:
    name = bands.technology(text)
    if not name:
        raise InputError(
            f"'{text}' không phải công nghệ; được phép: {', '.join(TECHNOLOGIES)}.",
            f"'{text}' is no technology; allowed: {', '.join(TECHNOLOGIES)}.",
        )
    return TECHNOLOGY_CODES[name]


def _channels(frame: pd.DataFrame, technology: CodeArray, several: BoolArray) -> tuple[pd.Series, CodeArray]:
    """Return one channel number per row, and the technology that its header or row names; none where several technologies have several numbers."""
    channel = pd.Series(np.nan, index=frame.index)
    implied = technology.copy()
    for name, of_header in _CHANNELS.items():
        if name not in frame.columns:
            continue
        take = np.array(channel.isna() & frame[name].notna(), dtype=bool)
        if of_header:
            # The header says it, but a phone on another technology leaves an old number there.
            take &= (technology == 0) | (technology == TECHNOLOGY_CODES[of_header])
            implied[take] = TECHNOLOGY_CODES[of_header]
        channel = frame[name] if take.all() else channel.where(~take, frame[name])
    if several.any():
        filled = frame[[name for name in _CHANNELS if name in frame.columns]].notna().sum(axis=1).to_numpy()
        both = several & (filled > 1) & (technology == 0)
        channel, implied = channel.mask(both), np.where(both, 0, implied).astype(np.int8)
    return channel, implied


def _settle_kinds(
    bands: BandCatalogue,
    channel: pd.Series,
    technology: CodeArray,
    implied: CodeArray,
    from_columns: CodeArray,
    labels: pd.Series,
) -> pd.DataFrame:
    """Return band, technology, and what is to be said, of each distinct combination."""
    names = ["", *TECHNOLOGIES]
    label = bands.band_labels(labels, technology=pick_texts(names, implied, labels.index))
    labelled = _codes_of(label.technology)
    implied = np.where(implied == 0, labelled, implied).astype(np.int8)
    found = bands.channels(channel, technology=pick_texts(names, implied, channel.index))
    differs = [
        bool(stated and taken and stated not in {taken, *others.split(",")})
        for stated, taken, others in zip(label.band, found.band, found.alternatives, strict=True)
    ]
    final, source = technology.copy(), np.zeros(len(technology), dtype=np.int8)
    for number, told in enumerate((_codes_of(found.technology), labelled, from_columns), start=1):
        take = (final == 0) & (told != 0)
        final[take], source[take] = told[take], number
    return pd.DataFrame(
        {
            "band": found.band.where(found.band != "", label.band).to_numpy(dtype=object),
            "technology": final,
            "source": source,
            "ambiguous": found.ambiguous,
            "unknown": found.unknown,
            "label_unknown": label.unknown,
            "differs": differs,
        }
    )


def _codes_of(technology: pd.Series) -> CodeArray:
    codes, uniques = pd.factorize(technology)
    table = np.array([*(TECHNOLOGY_CODES[u] for u in uniques), 0], dtype=np.int8)
    return table[codes]


def _state_anchor(reading: _Reading, frame: pd.DataFrame, technology: CodeArray) -> None:
    five = technology == TECHNOLOGY_CODES["5G"]
    if five.any() and not {"ss_rsrp", "nrarfcn"} & set(frame.columns):
        columns = [reading.table.header(n) for n in LEVEL_FIELDS if n in frame.columns]
        reading.log.add("sample_five_g_anchor", reading.table.source, column="; ".join(columns), came=f"{int(five.sum())} × 5G")


def _locked(reading: _Reading, frame: pd.DataFrame, technology: CodeArray) -> CodeArray:
    """Return the technology that the device was locked to; 0 is automatic."""
    locked = np.zeros(len(frame), dtype=np.int8)
    given = str(reading.options.extra.get("locked_technology", ""))
    if given:
        locked[:] = _known_technology(given, reading.bands)
    if "locked_technology" not in frame.columns:
        return locked
    table, log = reading.table, reading.log
    cells = frame["locked_technology"]
    sets, bad = reading.bands.technology_sets(cells)
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    automatic = np.array([*(fold_key(u) in _AUTOMATIC for u in uniques), False], dtype=bool)[codes]
    several = sets.str.contains(",").to_numpy(dtype=bool)  # allowed to choose among several: not locked
    bad = bad & ~automatic
    if bad.any():
        log.add("sample_lock_unknown", table.source, rows=frame.index[bad], column=table.header("locked_technology"),
                came=list(cells[bad]))
    known = ~is_blank(cells) & ~bad
    locked[known] = _codes_of(sets.where(~(several | automatic | bad), "").astype("str"))[known]
    differs = (locked != 0) & (technology != 0) & (locked != technology)
    if differs.any():
        log.add("sample_lock_contradicts", table.source, rows=frame.index[differs],
                column=table.header("locked_technology"), came=list(cells[differs]))
    return locked


def _identities(frame: pd.DataFrame, technology: CodeArray) -> tuple[pd.Series, pd.Series]:
    """Return node (eNodeB, RNC) and cell identity as texts, composed or split where the standard says how."""
    node = _whole(frame, "node")
    cell = _whole(frame, "cell_id")
    identity = _whole(frame, "identity")
    full = np.where(np.isfinite(identity), identity, cell)
    lte, umts = technology == TECHNOLOGY_CODES["4G"], technology == TECHNOLOGY_CODES["3G"]
    with np.errstate(invalid="ignore"):
        short = np.isnan(identity) & np.isfinite(node) & (node > 0)
        full = np.where(lte & short & (cell < 256) & (node < 1 << 20), node * 256 + cell, full)
        full = np.where(umts & short & (cell < 65536) & (node < 4096), node * 65536 + cell, full)
    enodeb, _ = split_lte_identity(np.where(lte, full, np.nan))
    rnc, _ = split_umts_identity(np.where(umts, full, np.nan))
    node = np.where(np.isfinite(enodeb), enodeb, np.where(np.isfinite(rnc), rnc, node))
    node = np.where(node > 0, node, np.nan)
    texts = frame["cell_id"] if "cell_id" in frame.columns and "identity" not in frame.columns else None
    return _numbers_as_text(node, frame.index), _numbers_as_text(full, frame.index, texts)


def _whole(frame: pd.DataFrame, field: str) -> FloatArray:
    """Return identities as numbers; NaN where there is none (loggers write -1) or it is no whole number."""
    if field not in frame.columns:
        return np.full(len(frame), np.nan)
    at_once = plain_numbers(frame[field])
    if at_once is None:
        at_once = pd.to_numeric(frame[field], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    values = at_once
    with np.errstate(invalid="ignore"):
        return np.where((values >= 0) & (values == np.floor(values)) & (values < 2**53), values, np.nan)


def _numbers_as_text(values: FloatArray, index: pd.Index, texts: pd.Series | None = None) -> pd.Series:
    """Return whole numbers as texts; where there is none, what else stands in ``texts``."""
    known = np.isfinite(values)
    numbers = pd.Series(np.where(known, values, -1).astype(np.int64), index=index).astype("str")
    out = numbers.where(known, "")
    if texts is not None and not known.all():
        other = parse_texts(texts[~known])
        other = other.where(~other.str.fullmatch(r"-\d+(\.0*)?"), "")
        out = out.mask(~known, other.reindex(index, fill_value=""))
    return out.astype("str")


def _speed(reading: _Reading, frame: pd.DataFrame) -> pd.Series:
    """Return the speed in km/h; OpenCelliD's uploads have metres per second."""
    speed = _first(frame, ("speed",))
    upload = fold_key(reading.table.header("time")) == "measuredat" and fold_key(reading.table.header("technology")) == "act"
    return speed * _MS_TO_KMH if upload else speed


def _devices(reading: _Reading, frame: pd.DataFrame) -> tuple[npt.NDArray[np.int64], bool]:
    """Return device numbers, and whether rows of one number are known to be one device's."""
    table = reading.table
    if "device" in frame.columns:
        numbers = reading.devices.number(frame["device"])
        reading.log.add("sample_device_replaced", table.source, column=table.header("device"),
                        fields={"count": len(np.unique(numbers))})
        return numbers, True
    log_of_one = fold_key(table.header("technology")) in {"networktech", "networkmode"}  # G-NetTrack: one phone, one log
    if "route" in frame.columns:
        keys = table.source.file + "\x00" + frame["route"].astype(object)
        return reading.devices.number(keys), True
    numbers = reading.devices.number(pd.Series([f"{table.source.file}\x00{table.source.sheet}"]))
    return np.repeat(numbers, len(frame)), log_of_one


def _drop_repeated(reading: _Reading, frame: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    """Drop rows that repeat an earlier one of the same device, moment, place, cell and level as it came."""
    raw = {n: frame[n] for n in (*LEVEL_FIELDS, "rssi", "asu") if n in frame.columns}
    keys = result[["lon", "lat", "device", "operator", "technology", "cell_id", "pci", "arfcn", "no_service"]].assign(**raw)
    mask = repeated(keys, result["time"])
    return reading.log.drop(result, mask, "sample_duplicate", reading.table.source,
                            came=None if not mask.any() else result["time"].astype(str))


def _state_tracks(reading: _Reading, result: pd.DataFrame, *, apart: bool) -> None:
    """State clocks that run back and positions that jump, device by device."""
    table, log, settings = reading.table, reading.log, reading.settings
    device, time = result["device"].to_numpy(), result["time"]
    count = max(1, len(result))
    back = clock_runs_back(device, time, settings.clock_back_s)
    if back.sum() > settings.unordered_share * count:
        log.add("sample_not_in_order", table.source, column=table.header("time"), fields={"share": f"{back.sum() / count:.0%}"})
    elif back.any():
        log.add("sample_clock_back", table.source, rows=result.index[back], column=table.header("time"),
                came=list(time[back].astype(str)), fields={"seconds": f"{settings.clock_back_s:g}"})
    jumps = position_jumps(
        device, time, result["lon"].to_numpy(), result["lat"].to_numpy(),
        max_speed_kmh=settings.max_speed_kmh, slack_m=settings.jump_slack_m,
    )  # fmt: skip
    if jumps.sum() > settings.unordered_share * count and not apart:
        log.add("sample_jumps_not_judged", table.source)
    elif jumps.any():
        came = [f"{a:.5f}; {b:.5f}" for a, b in zip(result["lon"][jumps], result["lat"][jumps], strict=True)]
        log.add("sample_position_jump", table.source, rows=result.index[jumps], came=came,
                fields={"speed": f"{settings.max_speed_kmh:g}"})
