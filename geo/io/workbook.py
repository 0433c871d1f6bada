"""Spreadsheets: XLSX, XLSM, XLS and ODS, several sheets, title rows, merged cells, hidden sheets."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum, ZipError

from geo.errors import InputError
from geo.io.example_rows import is_guide
from geo.io.old_text import mend_rows
from geo.io.percent_cells import show_percent
from geo.io.raw import FileLimits, RawTable, TableOptions, combine_angles, find_header, header_texts
from geo.numbers import vietnamese
from geo.schemas import Schema
from geo.text import clean, fold_key
from geo.validation import IssueLog, Source

__all__ = ["check_archive", "read_workbook"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Kinds of tables with shares, in which a cell's format says what its number is.
_SHARES = frozenset({"reported_indicators", "ipv6_tests"})
#: The stream of an encrypted workbook ([MS-OFFCRYPTO] 2.3.4.4), as a compound file names it.
_LOCKED = "EncryptedPackage".encode("utf-16-le")


def check_archive(path: Path, source: Source, limits: FileLimits) -> list[str]:
    """Return an archive's member names after refusing bombs and members that point outside it.

    Raises
    ------
    InputError
        If the file is no archive, unpacks to more than the limits allow, or holds unsafe names.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{source}: tệp hỏng hoặc tải chưa xong (không mở được như tệp nén).",
            f"{source}: the file is damaged or was cut off (it cannot be opened as an archive).",
        ) from error
    unpacked = sum(m.file_size for m in members)
    packed = max(1, path.stat().st_size)
    if unpacked > limits.unpacked_bytes or (unpacked > 50_000_000 and unpacked / packed > limits.ratio):
        raise InputError(
            f"{source}: tệp nén bung ra {vietnamese(unpacked / 1e6, '.0f')} MB từ {vietnamese(packed / 1e6, '.1f')} MB, bị từ chối vì nghi là bom nén.",
            f"{source}: the archive unpacks to {unpacked / 1e6:.0f} MB from {packed / 1e6:.1f} MB; refused as a bomb.",
        )
    for member in members:
        parts = Path(member.filename.replace("\\", "/")).parts
        if ".." in parts or member.filename.startswith(("/", "\\")) or (parts and ":" in parts[0]):
            raise InputError(
                f"{source}: tệp nén chứa đường dẫn không an toàn '{member.filename}'.",
                f"{source}: the archive holds the unsafe path '{member.filename}'.",
            )
    return [m.filename for m in members]


def read_workbook(
    path: Path, file: str, schema: Schema, options: TableOptions, log: IssueLog, limits: FileLimits
) -> list[RawTable]:
    """Read every sheet that holds a table of this kind, or the sheets that the project file names.

    Without a name, visible sheets whose header meets the schema's needs are read; what was left
    aside is stated. If no sheet does, the one that comes nearest is returned, so that the message
    can say what is missing.

    Raises
    ------
    InputError
        If the workbook cannot be opened or a named sheet is not there.
    """
    whole = Source(file)
    _require_workbook(path, whole)
    with path.open("rb") as stream:
        packed = stream.read(4).startswith(b"PK")
    if packed or path.suffix.lower() in {".xlsx", ".xlsm", ".ods"}:
        names = check_archive(path, whole, limits)
        if path.suffix.lower() != ".ods" and not any(n.endswith("workbook.xml") for n in names):
            raise InputError(f"{whole}: đây không phải tệp Excel.", f"{whole}: this is not an Excel workbook.")
    try:
        # By content, not by name: an .xls is often an .xlsx inside.
        content = path.read_bytes()
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, ZipError) as error:
        raise InputError(
            f"{whole}: không mở được bảng tính ({error}); nếu có mật khẩu, hãy bỏ mật khẩu rồi lưu lại.",
            f"{whole}: the workbook cannot be opened ({error}); if it has a password, remove it and save again.",
        ) from error
    visible = {m.name: m.visible == SheetVisibleEnum.Visible for m in book.sheets_metadata}
    wanted = [_named(sheet, book.sheet_names, whole) for sheet in options.sheet]
    tables: list[RawTable] = []
    near: tuple[float, RawTable] | None = None
    aside: list[str] = []
    for name in wanted or book.sheet_names:
        if not wanted and not visible.get(name, True):
            log.add("sheet_hidden", Source(file, name), came=name)
            continue
        try:
            table = _read_sheet(book, name, path, file, schema, options, log, limits, content if schema.kind in _SHARES else b"")
        except (CalamineError, ZipError) as error:
            raise InputError(
                f"{Source(file, name)}: không đọc được trang tính, tệp có thể hỏng ({error}).",
                f"{Source(file, name)}: the sheet cannot be read, the file may be damaged ({error}).",
            ) from error
        if table is None:
            continue
        match = schema.match(table.headers, {n: h for n, h in options.columns.items() if _has(table.headers, h)})
        lacking = schema.missing(match.columns)
        if wanted or not lacking:
            tables.append(table)
            continue
        aside.append(name)
        score = len(match.columns) - 0.5 * len(lacking)
        if near is None or score > near[0]:
            near = (score, table)
    if not tables:
        if near is None:
            raise InputError(f"{whole}: bảng tính không có dữ liệu.", f"{whole}: the workbook holds no data.")
        return [near[1]]
    if aside:
        log.add("sheets_left_aside", whole, came=", ".join(aside), fields={"kind": schema.kind})
    return tables


def _require_workbook(path: Path, source: Source) -> None:
    """Say what stands under a spreadsheet's name where the first bytes tell: a web page, or a locked workbook."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise InputError(
            f"{source}: đây là trang web (HTML hoặc XML) mang đuôi bảng tính; hãy mở bằng Excel rồi lưu lại thành XLSX.",
            f"{source}: this is a web page (HTML or XML) named as a workbook; open it in Excel and save it as XLSX.",
        )
    if start.lstrip().lower().startswith(b"mime-version"):
        raise InputError(
            f"{source}: đây là trang web một tệp (MHTML) mang đuôi bảng tính; hãy mở bằng Excel rồi lưu lại thành XLSX.",
            f"{source}: this is a web page in one file (MHTML) named as a workbook; open it in Excel and save it as XLSX.",
        )
    if not start:
        raise InputError(f"{source}: tệp rỗng (0 byte).", f"{source}: the file is empty (0 bytes).")
    if path.suffix.lower() == ".xls" and b"\0" not in start and not start.startswith(b"PK"):
        raise InputError(
            f"{source}: đây là văn bản (CSV) mang đuôi .xls; hãy mở bằng Excel rồi lưu lại thành XLSX, hoặc đổi đuôi thành .csv.",
            f"{source}: this is text (CSV) named .xls; open it in Excel and save it as XLSX, or rename it to .csv.",
        )
    if start.startswith(_OLE) and _LOCKED in path.read_bytes():
        raise InputError(
            f"{source}: bảng tính có mật khẩu; hãy mở bằng Excel, bỏ mật khẩu rồi lưu lại.",
            f"{source}: the workbook has a password; open it in Excel, remove the password and save it again.",
        )
    if path.suffix.lower() in {".xlsx", ".xlsm"} and start.startswith(_OLE):
        raise InputError(
            f"{source}: bảng tính có mật khẩu, hoặc là tệp .xls cũ mang đuôi {path.suffix}; hãy bỏ mật khẩu và lưu lại "
            "thành XLSX.",
            f"{source}: the workbook has a password, or is an old .xls named {path.suffix}; remove the password and save "
            "it as XLSX.",
        )


def _has(headers: tuple[str, ...], header: str) -> bool:
    return any(fold_key(h) == fold_key(header) for h in headers)


def _named(sheet: str, names: list[str], source: Source) -> str:
    for name in names:
        if name == sheet or fold_key(name) == fold_key(sheet):
            return name
    raise InputError(
        f"{source}: không có trang tính '{sheet}'; các trang: {', '.join(names)}.",
        f"{source}: there is no sheet '{sheet}'; sheets: {', '.join(names)}.",
    )


def _read_sheet(
    book: CalamineWorkbook,
    name: str,
    path: Path,
    file: str,
    schema: Schema,
    options: TableOptions,
    log: IssueLog,
    limits: FileLimits,
    content: bytes,
) -> RawTable | None:
    source = Source(file, name)
    sheet = book.get_sheet_by_name(name)
    if sheet.width > limits.columns:
        raise InputError(
            f"{source}: {sheet.width} cột, cho phép tối đa {limits.columns}.",
            f"{source}: {sheet.width} columns, at most {limits.columns} are allowed.",
        )
    rows: list[list[object]] = [list(r) for r in sheet.to_python(skip_empty_area=False)]
    if not rows or not any(clean(c) for row in rows for c in row):
        return None
    if rows[0] and is_guide(rows[0][0]) and not options.sheet:
        return None  # a template's instructions
    if content:
        show_percent(content, name, rows)
    rows, letters = mend_rows(rows, encoding=options.encoding)
    first, last = find_header(rows, schema, options)
    headers = header_texts(rows, first, last, schema)
    _fill_merged(rows, sheet.merged_cell_ranges or [], last, headers, source, log)
    width = max(len(headers), *(len(r) for r in rows))
    headers += [""] * (width - len(headers))
    body = [[_plain(c) for c in row] + [None] * (width - len(row)) for row in rows[last + 1 :]]
    cells = pd.DataFrame(body, columns=range(width), dtype=object)
    cells.index = pd.RangeIndex(last + 2, last + 2 + len(body), name="row")
    preamble = tuple(dict.fromkeys(t for row in rows[:first] for c in row if (t := clean(c))))
    above = tuple(tuple(row) for row in rows[:first])
    return combine_angles(RawTable(source, path, tuple(headers), cells, preamble, above=above, letters=tuple(letters)))


def _plain(cell: object) -> object:
    return None if cell == "" else cell



def _fill_merged(
    rows: list[list[object]],
    merged: list[tuple[tuple[int, int], tuple[int, int]]],
    header: int,
    headers: list[str],
    source: Source,
    log: IssueLog,
) -> None:
    """Give every row of a vertically merged cell its value, and say so."""
    filled: dict[int, list[int]] = {}
    for (top, left), (bottom, right) in merged:
        if top <= header or bottom == top or top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        for row in range(top + 1, min(bottom, len(rows) - 1) + 1):
            for column in range(left, min(right, len(rows[row]) - 1) + 1):
                rows[row][column] = value
                filled.setdefault(column, []).append(row + 1)
    for column, numbers in sorted(filled.items()):
        name = headers[column] if column < len(headers) else ""
        log.add("cells_merged", source, rows=sorted(numbers), column=name)
