"""What came, as findings show it: written out only where something is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.tables import Table

__all__ = ["Texts", "cells_came", "shown"]

_SHOWN_ROWS = 2_000


class Texts:
    """What came, as text, written out only where it is asked for: lists of a million rows ask for none."""

    def __init__(self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], form: str) -> None:
        self._first, self._second, self._form = first, second, form

    def __len__(self) -> int:
        return len(self._first)

    def __iter__(self) -> Iterator[str]:
        return (self._form.format(a, b) for a, b in zip(self._first, self._second, strict=True))

    def __getitem__(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Texts:
        return Texts(self._first[rows], self._second[rows], self._form)

    @property
    def first(self) -> str:
        """The first text, empty if there is none."""
        return next(iter(self), "")


def shown(cell: object) -> str:
    """Return a cell as text, empty where it holds nothing."""
    return "" if cell is None or cell != cell else str(cell)


def cells_came(table: Table, rows: pd.Index, fields: Sequence[str]) -> dict[int, str]:
    """Return what the cells of some rows hold, as they came."""
    present = [c for c in fields if c in table.frame.columns]
    if not present or len(rows) > _SHOWN_ROWS:
        return {}
    part = table.frame.loc[rows, present]
    return {int(n): "; ".join(shown(c) for c in row) for n, row in zip(rows, part.itertuples(index=False), strict=True)}
