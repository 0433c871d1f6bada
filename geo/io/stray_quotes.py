"""A quote that is never closed, or closed rows later: the rows between vanish into one cell.

A text table may hold line breaks inside quoted cells (addresses do). What tells such a cell from
one that swallowed rows is that the lines inside the latter are rows themselves: as many cells as
the table is wide, with numbers where the table's other rows have numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from geo.errors import InputError
from geo.validation import Source

__all__ = ["require_closed_quotes"]

_BREAK = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"\s*[-+]?\d")
_LOOKED_AT = 500
_NUMERIC_SHARE = 0.8
_FEWEST_CELLS = 4  # without a column of numbers, a shorter line may well be an address
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a row of the table looks like."""

    delimiter: str
    width: int
    numeric: tuple[int, ...]

    def fits(self, line: str) -> bool:
        """Tell whether a line, by itself, is a row of the table."""
        quoted = next(csv.reader(io.StringIO(line, newline=""), delimiter=self.delimiter), [])
        return any(self._is_row(cells) for cells in (line.split(self.delimiter), quoted))

    def _is_row(self, cells: Sequence[str]) -> bool:
        if len(cells) != self.width:
            return False
        if not self.numeric:
            return self.width >= _FEWEST_CELLS
        filled = [cells[j] for j in self.numeric if cells[j].strip()]
        return bool(filled) and all(_NUMBER.match(c) for c in filled)

    def swallowed(self, lines: Sequence[str]) -> bool:
        """Tell whether the lines of one row are rows each: one in the middle, or the first and the last.

        The first line of a good row is itself a whole row where the broken cell is the last one, so
        one end alone says nothing.
        """
        return any(self.fits(line) for line in lines[1:-1]) or (
            len(lines) > 1 and self.fits(lines[0]) and self.fits(lines[-1])
        )


def require_closed_quotes(
    above: Sequence[Sequence[str]],
    cells: pd.DataFrame,
    refused: Mapping[int, str],
    *,
    delimiter: str,
    source: Source,
) -> None:
    """Refuse a text table in which a stray quote swallowed rows, naming the lines.

    Parameters
    ----------
    above : sequence of rows
        Cells down to the header, from the first row of the file.
    cells : DataFrame
        Text cells below the header, columns 0..n-1, index = row number (a quoted line break does not count).
    refused : mapping
        Row number to text of the rows with a wrong number of cells.
    delimiter : str
    source : Source

    Raises
    ------
    InputError
        If a row of the file holds lines that are rows themselves.
    """
    broken: dict[int, list[str]] = {
        number: [str(c) for c in row] for number, row in enumerate(above, start=1) if any(_BREAK.search(c) for c in row)
    }
    holding = pd.Series(data=False, index=cells.index)
    for column in cells.columns:
        for mark in ("\n", "\r"):
            holding |= cells[column].str.contains(mark, regex=False, na=False).astype(bool)
    for number, row in zip(cells.index[holding], cells.loc[holding].itertuples(index=False), strict=True):
        broken[int(number)] = ["" if c != c else str(c) for c in row]
    texts = {number: text for number, text in refused.items() if _BREAK.search(text)}
    if not broken and not texts:
        return
    shape = _Shape(delimiter, cells.shape[1], _numeric_columns(cells.loc[~holding]))
    lines = {number: _BREAK.split(delimiter.join(row)) for number, row in broken.items()}
    lines |= {number: _BREAK.split(text) for number, text in texts.items()}
    found: list[tuple[int, int]] = []
    before = 0  # line breaks inside cells above: rows and lines of the file part company there
    for number in sorted(lines):
        if shape.swallowed(lines[number]):
            found.append((number + before, number + before + len(lines[number]) - 1))
        before += len(lines[number]) - 1
    if found:
        raise _refusal(found, source)


def _numeric_columns(cells: pd.DataFrame) -> tuple[int, ...]:
    """Return the columns whose cells begin with a figure, as far as the first rows tell."""
    columns = []
    for place in cells.columns:
        texts = cells[place].iloc[:_LOOKED_AT].dropna()
        if len(texts) and sum(bool(_NUMBER.match(t)) for t in texts) >= _NUMERIC_SHARE * len(texts):
            columns.append(int(place))
    return tuple(columns)


def _refusal(found: Iterable[tuple[int, int]], source: Source) -> InputError:
    ranges = list(found)
    more = "; …" if len(ranges) > _SHOWN else ""
    vi = "; ".join(f"dấu nháy ở dòng {a} nuốt các dòng {a + 1}–{b}" for a, b in ranges[:_SHOWN])
    en = "; ".join(f"the quote in line {a} swallows lines {a + 1}–{b}" for a, b in ranges[:_SHOWN])
    return InputError(
        f"{source}: dấu nháy kép thừa hoặc không đóng, nhiều dòng bị gộp thành một ô: {vi}{more}. Hãy mở tệp bằng trình "
        "soạn thảo văn bản, xóa hoặc đóng dấu nháy (\") rồi chạy lại.",
        f"{source}: a double quote too many or never closed puts several rows into one cell: {en}{more}. Open the file in "
        "a text editor, remove or close the quote (\") and run again.",
    )
