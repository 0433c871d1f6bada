"""From a named input to rows with canonical columns, whatever format they come in.

``read_tables`` finds the format, header and columns; ``convert`` turns cells into values by the
schema. Readers of one kind of data (sites, measurements ...) build on these two and add what is
particular to the kind. Every row that does not survive has a finding.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError, MissingInputError
from geo.io.day_orders import DatedTable, settle_file_orders
from geo.io.delimited import read_delimited
from geo.io.ditto import fill_ditto
from geo.io.example_rows import drop_example_rows
from geo.io.header_units import header_factor, with_parts_row, with_units_row
from geo.io.letters import require_unicode, state_letters
from geo.io.month_first import settle_day_order
from geo.io.raw import FileLimits, RawTable, TableOptions
from geo.io.resources import load_toml
from geo.io.split_dates import join_split_dates
from geo.io.stacked import require_not_side_by_side, require_one_table
from geo.io.vectors import VECTOR_SUFFIXES, read_vectors
from geo.io.workbook import read_workbook
from geo.periods import last_days_in_words
from geo.recognition import likely_text
from geo.schemas import Field, FieldType, Schema
from geo.text import clean, fold, fold_key
from geo.validation import IssueLog, Source
from geo.values import (
    is_blank,
    last_days,
    parse_codes,
    parse_flags,
    parse_numbers,
    parse_texts,
    parse_times,
    parse_years,
)

__all__ = ["Table", "convert", "furniture_rows", "lacking_columns", "load_schema", "read_tables"]

_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
_DECIMALS = 9  # of what is converted: 3 × 0.1 is 0.3
_EXPONENT = r"\s*\d(?:[.,]\d+)?[eE]\+?\d+\s*"
_TEXTS = frozenset({".csv", ".txt", ".tsv", ".tab"})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one source with canonical column names.

    Attributes
    ----------
    source : Source
    frame : DataFrame
        Index = row number in the file; columns = field names; cells still as they came.
    headers : mapping
        Field name to header text as it came.
    rows_in : int
        Rows that are not blank, those already refused included.
    preamble : tuple of str
    geometry : GeoSeries or None
        Aligned with ``frame``.
    """

    source: Source
    frame: pd.DataFrame
    headers: dict[str, str]
    rows_in: int
    preamble: tuple[str, ...] = ()
    geometry: gpd.GeoSeries | None = None

    def header(self, field: str) -> str:
        """Return the header under which a field came, or the field's name."""
        return self.headers.get(field, field)


def load_schema(kind: str) -> Schema:
    """Return the schema of a kind of table from ``resources/tables/<kind>.toml``."""
    return Schema.from_toml(kind, load_toml(f"tables/{kind}.toml"))


def read_tables(
    path: Path,
    *,
    file: str,
    schema: Schema,
    options: TableOptions,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> list[Table]:
    """Read all tables of one file that hold ``schema``'s kind of data.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    schema : Schema
    options : TableOptions
    log : IssueLog
    limits : FileLimits, optional

    Raises
    ------
    InputError
        If the file is missing, unreadable, of an unknown format, lacks columns that the kind needs, or holds two
        tables one above the other.
    """
    limits = limits or FileLimits()
    source = Source(file)
    if not path.is_file():
        raise MissingInputError(
            f"Không thấy tệp '{file}'; đường dẫn tính từ thư mục của tệp dự án.",
            f"File '{file}' not found; paths are relative to the project file's folder.",
        )
    _require_access(path, source)
    with _named_in_unicode(path, source, log) as place:
        raw = _read_raw(place, file, schema, options, log, limits)
    tables = [_map_columns(table, schema, options, log) for table in raw]
    frames = settle_file_orders(
        [DatedTable(t.source, t.frame, t.headers) for t in tables], schema, options.siblings,
        lambda other, name, given: _dated_tables(other, name, given, schema, log, limits), log,
    )  # fmt: skip
    tables = [replace(t, frame=f) for t, f in zip(tables, frames, strict=True)]
    for table in tables:
        if table.rows_in == 0:
            log.add("table_without_rows", table.source, came=", ".join(table.headers.values()))
    return tables


def _dated_tables(path: Path, file: str, options: TableOptions, schema: Schema, log: IssueLog, limits: FileLimits) -> list[DatedTable]:
    """Return the tables of another file of the same input; what is wrong with it is said when it is read itself."""
    trial = IssueLog(log.catalogue)
    tables = [_map_columns(raw, schema, options, trial) for raw in _read_raw(path, file, schema, options, trial, limits)]
    return [DatedTable(t.source, t.frame, t.headers) for t in tables]


def _read_raw(
    path: Path, file: str, schema: Schema, options: TableOptions, log: IssueLog, limits: FileLimits
) -> list[RawTable]:
    source = Source(file)
    suffix = path.suffix.lower()
    if suffix in _WORKBOOKS:
        return read_workbook(path, file, schema, options, log, limits)
    if suffix in VECTOR_SUFFIXES:
        return read_vectors(path, file, schema, options, log, limits)
    if suffix in _TEXTS:
        return [read_delimited(path, source, schema, options, log, limits)]
    raise InputError(
        f"{source}: không đọc được định dạng '{suffix}'; dùng CSV, TXT, XLSX, GeoJSON, GPKG, Shapefile hoặc Parquet.",
        f"{source}: format '{suffix}' is not read; use CSV, TXT, XLSX, GeoJSON, GPKG, Shapefile or Parquet.",
    )


@contextmanager
def _named_in_unicode(path: Path, source: Source, log: IssueLog) -> Iterator[Path]:
    """Yield the path; of a file whose name is bytes of an old encoding that of a copy, since the libraries cannot be handed such a name.

    What belongs to the file (the parts of a Shapefile) is copied with it.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        name = os.fsencode(path.name).decode("latin-1")
        meant = likely_text(name)
        log.add("file_name_not_unicode", source, came=meant if meant.isprintable() else "")
        with tempfile.TemporaryDirectory() as folder:
            for part in path.parent.iterdir():
                if part.is_file() and part.stem == path.stem:
                    shutil.copyfile(part, Path(folder) / f"data{part.suffix}")
            yield Path(folder) / f"data{path.suffix}"
    else:
        yield path


def _require_access(path: Path, source: Source) -> None:
    """Refuse what cannot be opened."""
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        raise InputError(
            f"{source}: không mở được tệp ({error.strerror}); hãy kiểm tra quyền đọc.",
            f"{source}: the file cannot be opened ({error.strerror}); check that it may be read.",
        ) from error


_FIRST_YEAR = 1990  # nobody counts as many transmitters at a site
_TECHNOLOGY = re.compile(r"(?:(?:tram|cong nghe|thiet bi|co|phat|bts|mang) )?([2345]g)")


def _with_technologies(raw: RawTable, schema: Schema, options: TableOptions, log: IssueLog) -> RawTable:
    """Return a list of sites with its columns 2G, 3G, 4G, 5G of ticks or counts as one of technologies, as if it had come so."""
    if schema.kind != "stations" or "technology" in schema.match(raw.headers, options.columns).columns:
        return raw
    places = {found[1].upper(): i for i, h in enumerate(raw.headers) if (found := _TECHNOLOGY.fullmatch(fold(h)))}
    if len(places) < 2:
        return raw
    has: dict[str, npt.NDArray[np.bool_]] = {}
    for technology, place in sorted(places.items()):
        cells = raw.cells[place]
        flags, bad = parse_flags(cells)
        counts = pd.to_numeric(cells.where(bad), errors="coerce").to_numpy(dtype=float)  # a number of transmitters, say
        has[technology] = flags.fillna(value=False).to_numpy(dtype=bool) | (counts > 0)
        with np.errstate(invalid="ignore"):
            years = (counts >= _FIRST_YEAR) & (counts == np.floor(counts))  # on air since then, or planned for then
        has[technology] &= ~years
        unclear = bad & (np.isnan(counts) | years)
        if unclear.any():
            log.add("technology_unreadable", raw.source, rows=cells.index[unclear], column=raw.headers[place], came=list(cells[unclear]))
    texts = [", ".join(t for t, on in zip(has, row, strict=True) if on) or None for row in zip(*has.values(), strict=True)]
    joined = raw.cells.copy()
    joined[raw.cells.shape[1]] = pd.Series(texts, index=joined.index, dtype=object)
    log.add("technology_from_columns", raw.source, came=", ".join(raw.headers[i] for i in sorted(places.values())))
    headers = tuple("" if i in places.values() else h for i, h in enumerate(raw.headers))
    return replace(raw, headers=(*headers, "Công nghệ"), cells=joined)


def _map_columns(raw: RawTable, schema: Schema, options: TableOptions, log: IssueLog) -> Table:
    raw = with_parts_row(with_units_row(raw, log), log)
    raw = join_split_dates(_with_technologies(raw, schema, options, log), schema, options, log)
    try:
        match = schema.match(raw.headers, options.columns)
    except InputError as error:
        raise InputError(f"{raw.source}: {error.message.vi}", f"{raw.source}: {error.message.en}") from error
    require_unicode(pd.DataFrame(), raw.headers, schema, raw.source, log)
    present = dict(match.columns)
    if raw.geometry is not None:
        present["geometry"] = -1
    lacking = schema.missing(present)
    if lacking:
        came = ", ".join(h for h in raw.headers if h) or "—"
        names = lacking_columns(lacking, schema)
        raise InputError(
            f"{raw.source}: thiếu cột {names}. Các cột đọc được: {came}. Hãy đổi tên cột hoặc ghi "
            "'columns' trong tệp dự án.",
            f"{raw.source}: column missing: {names}. Columns read: {came}. Rename the column or give "
            "'columns' in the project file.",
        )
    above = require_one_table(raw, match.columns, schema, options, log) if raw.geometry is None else 0
    require_not_side_by_side(raw, match)
    raw = fill_ditto(raw, match.columns, schema, log)
    private = frozenset(name for name, field in schema.fields.items() if field.private)
    _report_rivals(raw, match.columns, match.rivals, private, log)
    unused = [raw.headers[i] for i in match.unknown]
    for code, weighty in (("columns_unused", False), ("columns_unused_weighty", True)):
        if found := [header for header in unused if schema.weighs(header) is weighty]:
            log.add(code, raw.source, came=", ".join(found))
    cells = raw.cells
    blank = cells.isna().all(axis=1).to_numpy(dtype=bool)
    if cells.size and cells.dtypes.map(pd.api.types.is_object_dtype).any():
        blank = blank | cells.map(lambda c: c is None or c != c or (isinstance(c, str) and not c.strip())).all(axis=1).to_numpy()
    geometry = raw.geometry
    if geometry is not None:
        blank = blank & geometry.isna().to_numpy(dtype=bool)
        geometry = geometry[~blank]
    cells = cells[list(match.columns.values())]
    frame = (cells.loc[~blank] if blank.any() else cells).set_axis(list(match.columns), axis=1)
    headers = {name: raw.headers[i] for name, i in match.columns.items()}
    doubtful = {t for note in raw.letters if note.code != "text_old_letters_converted" for t in note.came}
    require_unicode(frame, headers, schema, raw.source, log, doubtful)
    state_letters(raw, match.columns, frame.index, schema, log)
    rows_in = len(frame) + raw.refused_rows + above
    if raw.geometry is None:
        frame = drop_example_rows(schema.kind, raw.cells, frame, raw.source, log)
        frame = _drop_furniture(raw, frame, list(match.columns.values()), log)
    return Table(raw.source, frame, headers, rows_in, raw.preamble, geometry)


def furniture_rows(cells: pd.DataFrame) -> list[int]:
    """Return the rows at the foot of a table, blank ones taken out, that are totals, signatures or remarks."""
    checks = load_toml("input_checks.toml")["furniture"]
    words = tuple(str(word) for word in checks["words"]["value"])
    most = int(checks["cells"]["value"])
    tail = cells.iloc[-int(checks["depth"]["value"]) :]
    return [
        number
        for number, row in zip(tail.index, tail.itertuples(index=False), strict=True)
        if (texts := [fold(c) for c in row if isinstance(c, str) and c.strip()])
        and sum(c is not None and c == c and str(c).strip() != "" for c in row) <= most
        and texts[0].startswith(words)
    ]


def _drop_furniture(raw: RawTable, frame: pd.DataFrame, places: list[int], log: IssueLog) -> pd.DataFrame:
    """Drop totals, signatures and remarks below a table, and headers repeated inside it: they are no data."""
    found = furniture_rows(raw.cells.loc[frame.index])
    if found:
        came = [clean("; ".join(str(c) for c in raw.cells.loc[n] if c is not None and c == c)) for n in found]
        log.add("row_not_data", raw.source, rows=found, came=came)
        frame = frame.drop(index=found)
    names = {name: raw.headers[i] for name, i in zip(frame.columns, places, strict=True)}
    first = next(iter(names), "")
    if first and len(frame) and not pd.api.types.is_numeric_dtype(frame[first].dtype):
        alike = frame.index[(frame[first] == names[first]).fillna(value=False).to_numpy(dtype=bool)]
        again = [n for n in alike if all(fold_key(frame.at[n, name]) == fold_key(text) for name, text in names.items())]
        if again:
            log.add("row_repeats_header", raw.source, rows=again)
            frame = frame.drop(index=again)
    return frame


def lacking_columns(items: Iterable[str], schema: Schema) -> str:
    """Return what :meth:`~geo.schemas.Schema.missing` found as words: each field with the header under which it usually comes."""
    return "; ".join(_describe(item, schema) for item in items)


def _describe(item: str, schema: Schema) -> str:
    """Return missing fields, alternatives apart, each with the header under which it usually comes."""

    def named(field: str) -> str:
        label = schema.fields[field].label if field in schema.fields else ""
        return f"{field} ('{label}')" if label else field

    return " | ".join(" + ".join(named(f) for f in way.split(" + ")) for way in item.split(" | "))


def _report_rivals(
    raw: RawTable, columns: dict[str, int] | object, rivals: object, private: frozenset[str], log: IssueLog
) -> None:
    for name, places in dict(rivals).items():  # type: ignore[call-overload]
        if name in private:
            continue
        first = raw.cells[places[0]]
        differing = np.zeros(len(first), dtype=bool)
        for place in places[1:]:
            other = raw.cells[place]
            both = ~(is_blank(first) | is_blank(other))
            differing |= both & (parse_texts(first).to_numpy() != parse_texts(other).to_numpy())
        log.add(
            "columns_rival_differ" if differing.any() else "columns_rival",
            raw.source,
            rows=raw.cells.index[differing],
            column=raw.headers[places[0]],
            came=", ".join(raw.headers[p] for p in places) if not differing.any() else list(first[differing]),
            fields={"field": name, "taken": raw.headers[places[0]], "all": ", ".join(raw.headers[p] for p in places)},
        )


def convert(table: Table, schema: Schema, log: IssueLog) -> pd.DataFrame:
    """Return the table's frame with each mapped field as values of its type.

    Numbers outside the field's range, unreadable cells and unknown choices become unknown, each
    with a finding; missing values of required fields drop the row, with a finding. Fields that the
    table does not have are absent. RAW fields stay as they came.
    """
    out: dict[str, pd.Series] = {}
    for name in table.frame.columns:
        field = schema.fields[name]
        out[name] = _convert_column(table, field, table.frame[name], log)
    frame = pd.DataFrame(out, index=table.frame.index)
    for name, field in schema.fields.items():
        if not field.required or name not in frame:
            continue
        empty = _empty(frame[name])
        frame = log.drop(frame, empty, "required_value_missing", table.source, column=table.header(name),
                         fields={"field": name})
    return frame


def _empty(values: pd.Series) -> np.ndarray:
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
        return is_blank(values)
    return values.isna().to_numpy(dtype=bool)


def _convert_column(table: Table, field: Field, cells: pd.Series, log: IssueLog) -> pd.Series:
    header = table.header(field.name)
    match field.type:
        case FieldType.RAW:
            return cells
        case FieldType.TEXT:
            return parse_texts(cells)
        case FieldType.CODE:
            cells = _spoilt_codes(table, field, cells, header, log)
            codes, restored = parse_codes(cells, digits=field.digits)
            _note(log, "code_zeros_restored", table, cells, restored, header, {"digits": field.digits or 0})
            return codes
        case FieldType.NUMBER | FieldType.INTEGER:
            return _convert_numbers(table, field, cells, header, log)
        case FieldType.YEAR:
            return _convert_years(table, field, cells, header, log)
        case FieldType.DATE | FieldType.TIME:
            settled = settle_day_order(table.source, header, cells, log)
            times, bad = parse_times(settled)
            if field.end:
                times, bad = _ends(table, settled, last_days(settled, times), bad, header, log)
            _note(log, "date_unreadable", table, cells, bad, header)
            return times
        case FieldType.FLAG:
            flags, bad = parse_flags(cells)
            _note(log, "flag_unreadable", table, cells, bad, header)
            return flags
        case FieldType.CHOICE:
            return _convert_choices(table, field, cells, header, log)


def _ends(
    table: Table, cells: pd.Series, times: pd.Series, bad: npt.NDArray[np.bool_], header: str, log: IssueLog
) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """Return the days on which something ends, those told by a quarter or in words among them, which is stated; and the cells that tell none."""
    told = last_days_in_words(cells.where(bad))
    read = told.notna().to_numpy(dtype=bool)
    if read.any():
        came = [f"{clean(c)} → {day:%d/%m/%Y}" for c, day in zip(cells[read], told[read], strict=True)]
        log.add("date_last_day", table.source, rows=cells.index[read], column=header, came=came)
    return times.where(~read, told), bad & ~read


def _spoilt_codes(table: Table, field: Field, cells: pd.Series, header: str, log: IssueLog) -> pd.Series:
    """Return codes without those that a spreadsheet program turned into a date or a rounded number."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells
    texts = cells.dropna()
    dates = texts[texts.map(lambda c: isinstance(c, dt.date))].index if cells.dtype == object else texts.index[:0]
    rounded = texts.index[texts.astype(str).str.fullmatch(_EXPONENT).to_numpy(dtype=bool)]
    for code, rows in (("code_is_date", dates), ("code_exponent", rounded)):
        if len(rows):
            came = None if field.private else list(cells[rows].astype(str))
            log.add(code, table.source, rows=rows, column=header, came=came)
    return cells.mask(cells.index.isin(dates.union(rounded))) if len(dates) or len(rounded) else cells


def _note(
    log: IssueLog,
    code: str,
    table: Table,
    cells: pd.Series,
    mask: np.ndarray,
    header: str,
    fields: Mapping[str, object] | None = None,
) -> None:
    if mask.any():
        log.add(code, table.source, rows=cells.index[mask], column=header, came=list(cells[mask]), fields=fields)


def _convert_numbers(table: Table, field: Field, cells: pd.Series, header: str, log: IssueLog) -> pd.Series:
    metres = field.unit == "m"
    whole = field.type is FieldType.INTEGER
    came, factor = header_factor(header, field.unit, table.preamble)
    fields = {"unit": field.unit, "low": field.minimum, "high": field.maximum}
    if np.isnan(factor):
        if not is_blank(cells).all():
            log.add("header_unit_other", table.source, column=header, came=came, fields={"unit": field.unit})
        return pd.Series(np.nan, index=cells.index)
    if factor == 1.0:
        number = parse_numbers(cells, minimum=field.minimum, maximum=field.maximum, metres=metres, whole=whole, unit=field.unit, estimates=True)
    else:
        least, most = (None if bound is None else bound / factor for bound in (field.minimum, field.maximum))
        number = parse_numbers(cells, minimum=least, maximum=most, unit=came, estimates=True)
        number = replace(number, values=np.round(number.values * factor, _DECIMALS))
        if np.isfinite(number.values).any():
            log.add("header_unit_converted", table.source, column=header, came=came, fields={"unit": field.unit or "1", "factor": f"{factor:g}"})
    _note(log, "number_unreadable", table, cells, number.unreadable, header, fields)
    _note(log, "number_ambiguous", table, cells, number.ambiguous, header, fields)
    _note(log, "feet_converted", table, cells, number.converted, header, fields)
    _note(log, "number_estimated", table, cells, number.approximate, header, fields)
    values = number.values.copy()
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    with np.errstate(invalid="ignore"):
        outside = (values < low) | (values > high)
    _note(log, "number_out_of_range", table, cells, outside, header, fields)
    values[outside] = np.nan
    if field.type is FieldType.INTEGER:
        with np.errstate(invalid="ignore"):
            broken = np.isfinite(values) & (values != np.floor(values))
        _note(log, "number_not_whole", table, cells, broken, header, fields)
        values[broken] = np.nan
    return pd.Series(values, index=cells.index)


def _convert_years(table: Table, field: Field, cells: pd.Series, header: str, log: IssueLog) -> pd.Series:
    years, spans, bad = parse_years(cells, last=field.span == "last")
    fields = {"low": field.minimum, "high": field.maximum}
    _note(log, "year_unreadable", table, cells, bad, header, fields)
    _note(log, "year_span_last" if field.span == "last" else "year_span_first", table, cells, spans, header)
    with np.errstate(invalid="ignore"):
        outside = (years < (field.minimum or -np.inf)) | (years > (field.maximum or np.inf))
    _note(log, "year_unreadable", table, cells, outside, header, fields)
    return pd.Series(np.where(outside, np.nan, years), index=cells.index)


def _convert_choices(table: Table, field: Field, cells: pd.Series, header: str, log: IssueLog) -> pd.Series:
    choices = field.choices or {}
    texts = parse_texts(cells)
    codes, uniques = pd.factorize(texts)
    known = np.array([choices.get(fold_key(u), "") for u in uniques], dtype=object)
    values = pd.Series(known[codes] if len(known) else [], index=cells.index, dtype="str")
    bad = ((values == "") & (texts != "")).to_numpy(dtype=bool)
    allowed = ", ".join(dict.fromkeys(choices.values()))
    _note(log, "choice_unknown", table, cells, bad, header, {"choices": allowed})
    return values
