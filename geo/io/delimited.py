"""Text tables: CSV and its relatives, with whatever delimiter, encoding and title rows they come.

Cells stay text. Rows are numbered as a spreadsheet program shows them: blank lines count, a quoted
cell with line breaks is one row.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from geo.errors import InputError
from geo.io.old_text import LetterNote, decode_frame, mend_frame, mend_rows
from geo.io.raw import FileLimits, RawTable, TableOptions, combine_angles, find_header, header_texts
from geo.io.stray_quotes import require_closed_quotes
from geo.old_letters import encoding_named
from geo.schemas import Schema
from geo.text import clean
from geo.validation import IssueLog, Source

__all__ = ["read_delimited"]

_BYTES = "latin-1"  # every byte a character: nothing is lost, nothing is said
_SNIFF_BYTES = 1 << 18
_SNIFF_ROWS = 60
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_delimited(
    path: Path, source: Source, schema: Schema, options: TableOptions, log: IssueLog, limits: FileLimits
) -> RawTable:
    """Read a delimited text file.

    Raises
    ------
    InputError
        If the file is empty, not text, not in the stated encoding, has absurdly many columns, or a stray
        quote in it swallows rows.
    """
    head, encoding = _sniff_text(path, source, options)
    try:
        return _read(path, source, schema, options, log, limits, head, encoding)
    except _NotUnicodeError as error:
        if options.encoding and encoding_named(options.encoding) is None:
            raise
        # Not Unicode after all, further down: byte by byte then, and what the bytes mean is looked for.
        raw = _start(path).decode(_BYTES)
        try:
            return _read(path, source, schema, options, log, limits, raw, _BYTES)
        except _NotUnicodeError:
            raise error from None


def _read(
    path: Path,
    source: Source,
    schema: Schema,
    options: TableOptions,
    log: IssueLog,
    limits: FileLimits,
    head: str,
    encoding: str,
) -> RawTable:
    delimiter = options.delimiter or _sniff_delimiter(head, schema, options, limits.columns)
    came = _sample_rows(head, delimiter)
    rows = _mended_sample(came, encoding, options)
    if not any(any(c.strip() for c in row) for row in rows):
        raise InputError(f"{source}: tệp không có nội dung.", f"{source}: the file is empty.")
    if max(len(r) for r in rows) > limits.columns:
        raise InputError(
            f"{source}: quá {limits.columns} cột.", f"{source}: more than {limits.columns} columns."
        )
    first, last = find_header([list(r) for r in rows], schema, options)
    header = header_texts([list(r) for r in rows], first, last, schema)
    # Loggers such as G-NetTrack end every row, but not the header, with a delimiter.
    width = max(len(header), _usual_width(rows[last + 1 :], len(header)))
    header += [""] * (width - len(header))
    cells, refused = _read_cells(path, source, delimiter, encoding, rows[: last + 1], width, log, private=schema.private)
    cells, letters = _mended_cells(cells, came[first : last + 1], header, encoding, source, options)
    preamble = tuple(t for row in rows[:first] for c in row if (t := clean(c)))
    above = tuple(tuple(row) for row in rows[:first])
    return combine_angles(RawTable(source, path, tuple(header), cells, preamble, refused_rows=refused, above=above, letters=letters))


def _mended_sample(rows: list[list[str]], encoding: str, options: TableOptions) -> list[list[str]]:
    """Return the first rows with old letters in Unicode, so that a header in them is found."""
    if encoding != _BYTES:
        return [[str(c) for c in row] for row in mend_rows(rows, encoding=options.encoding)[0]]
    cells = pd.DataFrame(rows, dtype=object).rename_axis("row")
    mended = decode_frame(cells, [""] * cells.shape[1], encoding=options.encoding).cells
    return [[str(mended.iat[i, j]) for j in range(len(row))] for i, row in enumerate(rows)]


def _mended_cells(
    cells: pd.DataFrame, above: list[list[str]], header: list[str], encoding: str, source: Source, options: TableOptions
) -> tuple[pd.DataFrame, tuple[LetterNote, ...]]:
    """Return the cells with old letters in Unicode, and what became of them and of the header."""
    came = [next((r[j] for r in reversed(above) if j < len(r) and r[j]), "") for j in range(len(header))]
    if encoding != _BYTES:
        mended = mend_frame(cells, came, encoding=options.encoding)
        return mended.cells, tuple(mended.notes)
    mended = decode_frame(cells, came, encoding=options.encoding)
    if mended.unread > mended.read:
        raise _encoding_error(source, "utf-8", TableOptions())
    return mended.cells, tuple(mended.notes)


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_SNIFF_BYTES)


def _sniff_text(path: Path, source: Source, options: TableOptions) -> tuple[str, str]:
    raw = _start(path)
    if not raw:
        raise InputError(f"{source}: tệp rỗng (0 byte).", f"{source}: the file is empty (0 bytes).")
    old = encoding_named(options.encoding) is not None  # its bytes may have been saved as UTF-8 since
    encoding = ("" if old else options.encoding) or next((name for bom, name in _BOMS if raw.startswith(bom)), "")
    if not encoding and raw.count(b"\x00") > len(raw) // 10:
        encoding = "utf-16-le" if raw[1:2] == b"\x00" else "utf-16-be" if raw[:1] == b"\x00" else ""
    if not encoding and b"\x00" in raw:
        raise InputError(
            f"{source}: đây không phải tệp văn bản; hãy đưa tệp CSV, XLSX, GeoJSON, GPKG, Shapefile hoặc Parquet.",
            f"{source}: this is not a text file; give CSV, XLSX, GeoJSON, GPKG, Shapefile or Parquet.",
        )
    encoding = encoding or "utf-8"
    try:
        text = _decode_start(raw, encoding)
    except (UnicodeDecodeError, LookupError) as error:
        if options.encoding and not old:
            raise _encoding_error(source, encoding, options) from error
        return raw.decode(_BYTES), _BYTES
    return text, encoding


def _decode_start(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if len(raw) == _SNIFF_BYTES and error.start >= len(raw) - 4:  # cut inside a character
            return raw[: error.start].decode(encoding)
        raise


class _NotUnicodeError(InputError):
    """A text file whose bytes are not in the encoding that it was read in."""


def _encoding_error(source: Source, encoding: str, options: TableOptions) -> InputError:
    if options.encoding and encoding_named(options.encoding) is None:
        return _NotUnicodeError(
            f"{source}: không đọc được theo bảng mã '{options.encoding}'; hãy sửa 'encoding' hoặc lưu lại thành UTF-8.",
            f"{source}: cannot be read as '{options.encoding}'; correct 'encoding' or save the file as UTF-8.",
        )
    return _NotUnicodeError(
        f"{source}: không phải {encoding.upper()} (có thể là TCVN3, VNI hoặc Windows-1258); hãy lưu lại thành UTF-8, "
        "hoặc ghi 'encoding' trong tệp dự án.",
        f"{source}: not {encoding.upper()} (perhaps TCVN3, VNI or Windows-1258); save the file as UTF-8, or give "
        "'encoding' in the project file.",
    )


def _sample_rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= _SNIFF_ROWS:
                break
    except csv.Error:  # a field over 128 kB or a stray NUL: the full read says it properly
        pass
    return rows or [[]]


def _sniff_delimiter(text: str, schema: Schema, options: TableOptions, columns: int) -> str:
    best, best_score = ",", (-1.0, -1)
    for delimiter in _DELIMITERS:
        rows = [r[:columns] for r in _sample_rows(text, delimiter)]
        first, last = find_header([list(r) for r in rows], schema, options)
        header = header_texts([list(r) for r in rows], first, last, schema)
        score = (float(len(schema.match(header).columns)), max(len(r) for r in rows))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _usual_width(rows: list[list[str]], header_width: int) -> int:
    """Width of the rows when all are one wider than the header and that last cell is empty."""
    filled = [r for r in rows if any(c.strip() for c in r)]
    trailing = filled and all(len(r) == header_width + 1 and not r[-1].strip() for r in filled)
    return header_width + 1 if trailing else header_width


def _read_cells(
    path: Path,
    source: Source,
    delimiter: str,
    encoding: str,
    above: list[list[str]],
    width: int,
    log: IssueLog,
    *,
    private: bool,
) -> tuple[pd.DataFrame, int]:
    skip = len(above)
    wrong: list[tuple[int, int, str]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        wrong.append((int(row.number), int(row.actual_columns), str(row.text or "")))
        return "skip"

    arrow_encoding = "utf-8" if encoding == "utf-8-sig" else encoding
    try:
        table = arrow_csv.read_csv(
            path,
            # one thread: only then are the numbers of refused rows known
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                encoding=arrow_encoding,
                skip_rows=0,
                skip_rows_after_names=skip,
                column_names=[str(i) for i in range(width)],
                block_size=8 << 20,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(i): pa.string() for i in range(width)}, strings_can_be_null=True, null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error) or "codec" in str(error):
            raise _encoding_error(source, encoding, TableOptions()) from error
        raise InputError(
            f"{source}: không đọc được bảng ({error}).", f"{source}: the table cannot be read ({error})."
        ) from error
    refused = {number: text for number, _, text in wrong if number > skip}
    numbers = _numbers_around(len(table), skip, np.array(sorted(refused), dtype=np.int64))
    cells = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)
    cells.columns = range(width)
    cells.index = pd.Index(numbers, name="row")
    require_closed_quotes(above, cells, refused, delimiter=delimiter, source=source)
    kept, dropped = _salvage(refused, delimiter, width)
    if dropped:
        log.add(
            "row_wrong_cell_count",
            source,
            rows=list(dropped),
            came=[f"{t.count(delimiter) + 1}" if private else t for t in dropped.values()],
            fields={"expected": width},
        )
    if kept:
        extra = pd.DataFrame.from_dict(kept, orient="index").astype(cells.dtypes.to_dict())
        cells = pd.concat([cells, extra]).sort_index()
        cells.index.name = "row"
    return cells, len(dropped)


def _salvage(refused: dict[int, str], delimiter: str, width: int) -> tuple[dict[int, list[object]], dict[int, str]]:
    """Split refused rows into those with only blank cells too many, which are good, and the rest.

    A row with too few cells may have been cut off, so it is never filled up. Blank lines are neither.
    """
    kept: dict[int, list[object]] = {}
    dropped: dict[int, str] = {}
    for number, text in sorted(refused.items()):
        if not text.strip(" \t\r\n" + delimiter):
            continue
        parsed = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        if len(parsed) > width and not any(c.strip() for c in parsed[width:]):
            kept[number] = [c if c != "" else np.nan for c in parsed[:width]]
        else:
            dropped[number] = text[:200]
    return kept, dropped


def _numbers_around(count: int, skip: int, skipped: np.ndarray) -> np.ndarray:
    """Return the file's row numbers of the ``count`` rows kept, given those that were refused."""
    if len(skipped) == 0:
        return np.arange(skip + 1, skip + 1 + count, dtype=np.int64)
    every = np.arange(skip + 1, skip + 1 + count + len(skipped), dtype=np.int64)
    return every[~np.isin(every, skipped)][:count]
