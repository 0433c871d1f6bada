"""Tables on their way into files, and the book of what was done to them on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

__all__ = ["FlawBook", "Sheet"]


@dataclass
class Sheet:
    """One table of one file.

    Attributes
    ----------
    file, sheet : str
        Path below the sample's folder; sheet name, empty for text files.
    frame : DataFrame
        Object columns named as the header shall be.
    titles : tuple of str
        Merged rows above the header.
    """

    file: str
    sheet: str
    frame: pd.DataFrame
    titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.frame = self.frame.astype(object).reset_index(drop=True)

    def row_number(self, position: int) -> int:
        """Return the row as a spreadsheet program shows it."""
        return position + 2 + len(self.titles)

    def set(self, position: int, column: str, value: Any) -> None:
        """Put ``value`` into one cell."""
        self.frame.iat[position, list(self.frame.columns).index(column)] = value

    def append_copy(self, position: int) -> int:
        """Append a copy of a row; return its position."""
        self.frame = pd.concat([self.frame, self.frame.iloc[[position]]], ignore_index=True)
        return len(self.frame) - 1


@dataclass
class FlawBook:
    """What is wrong on purpose: file, sheet, row, column, flaw."""

    rows: list[tuple[str, str, int, str, str, str]] = field(default_factory=list)

    def note(self, sheet: Sheet, position: int, column: str, flaw: str, detail: str = "") -> None:
        """Book a flaw of one cell (or of the row when ``column`` is empty)."""
        self.rows.append((sheet.file, sheet.sheet, sheet.row_number(position), column, flaw, detail))

    def note_row(self, file: str, row: int, column: str, flaw: str, detail: str = "") -> None:
        """Book a flaw of a text file by its line."""
        self.rows.append((file, "", row, column, flaw, detail))

    def frame(self) -> pd.DataFrame:
        """Return the book as a table."""
        columns = ["file", "sheet", "row", "column", "flaw", "detail"]
        return pd.DataFrame(self.rows, columns=columns).sort_values(
            ["file", "sheet", "row", "column"], kind="stable", ignore_index=True
        )
