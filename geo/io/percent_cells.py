"""Cells that a spreadsheet program shows as percent: 0.95 with the format "0%" is on the screen "95 %", whatever the header says.

Excel's own files tell each cell's format; those of .xls and .ods do not reach the reader, and text files have what was typed. So a small number under
a header with "%" is, of these, one of two things: 0.95 may be 0.95 % or 95 %. What can be told is told; what cannot is stated.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.text import clean

__all__ = ["PercentCell", "doubtful_percent", "percent_marks", "show_percent"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_STYLES = "xl/styles.xml"
#: Built-in formats 9 ("0%") and 10 ("0.00%") of ECMA-376, part 1, 18.8.30, or one of the file's own.
_MAYBE = re.compile(rb"numFmtId=\"(?:9|10)\"|formatCode=\"[^\"]*%")
_LITERAL = re.compile(r"\"[^\"]*\"|\\.|_.|\*.")
_UNSEEN = frozenset({".xls", ".ods"})


class PercentCell(float):
    """A share that its spreadsheet shows as percent: the number is the share, the text is what the screen shows."""

    def __str__(self) -> str:
        """Return what the screen shows, all its digits kept."""
        return f"{float(self) * 100:.10g}%"


def show_percent(content: bytes, sheet: str, rows: list[list[object]]) -> None:
    """Make the numbers that a sheet shows as percent :class:`PercentCell`, in place; nothing changes where the file is no XLSX.

    Parameters
    ----------
    content : bytes
        The file.
    sheet : str
    rows : list of rows
        All rows of the sheet from the first on.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if _STYLES not in archive.namelist() or not _MAYBE.search(archive.read(_STYLES)):
                return
    except zipfile.BadZipFile:
        return
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    if sheet not in book.sheetnames:
        return
    page = book[sheet]
    page.reset_dimensions()
    for line in page.iter_rows():
        for cell in line:
            value = cell.value
            if value is None or not _scaled(cell.number_format) or cell.row > len(rows) or cell.column > len(rows[cell.row - 1]):
                continue
            here = rows[cell.row - 1][cell.column - 1]
            if isinstance(here, int | float) and not isinstance(here, bool):
                rows[cell.row - 1][cell.column - 1] = PercentCell(here)
    book.close()


def _scaled(form: str) -> bool:
    """Tell whether a number format shows a hundred times the number: a "%" that is no literal text."""
    return "%" in _LITERAL.sub("", form or "")


def percent_marks(cells: pd.Series) -> tuple[pd.Series, BoolArray, BoolArray]:
    """Return the cells without "%", which of them were texts with one, and which are shares that were shown as percent."""
    texts = cells.astype(object)
    marked = texts.map(lambda c: isinstance(c, str) and "%" in c).to_numpy(dtype=bool)
    shown = texts.map(lambda c: isinstance(c, PercentCell)).to_numpy(dtype=bool)
    bare = texts.map(lambda c: c.replace("%", "").strip() if isinstance(c, str) else float(c) if isinstance(c, PercentCell) else c)
    return bare, np.asarray(marked), np.asarray(shown)


def doubtful_percent(file: str, values: FloatArray, plain: BoolArray, *, told: bool) -> tuple[BoolArray, BoolArray]:
    """Return, of a column that is read as percent, the numbers from 0 to 1 that might be shares: those that stay as read, and those that become unknown.

    Parameters
    ----------
    file : str
        A file whose cell formats were not seen, or text.
    values : (n,) float64 array
    plain : (n,) bool array
        Cells without any mark of their own.
    told : bool
        Whether a header says percent; else the size of the other numbers does, and says nothing of these.
    """
    with np.errstate(invalid="ignore"):
        small = plain & (values > 0) & (values <= 1)
    seen = told and Path(clean(file)).suffix.lower() not in _UNSEEN
    return small & seen, small & (not seen)
