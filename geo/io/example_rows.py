"""What marks the example row and the sheet of instructions of the templates, so that they are never read as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.resources import load_toml
from geo.text import clean, fold
from geo.validation import IssueLog, Source

__all__ = ["drop_example_rows", "is_guide", "template_texts", "without_example_rows"]


@lru_cache(maxsize=1)
def template_texts() -> Mapping[str, Any]:
    """Return ``resources/input_templates.toml``."""
    return load_toml("input_templates.toml")


def is_guide(first: object) -> bool:
    """Tell whether a sheet whose first cell is this one holds a template's instructions."""
    return isinstance(first, str) and clean(first).startswith(str(template_texts()["marks"]["guide"]))


@lru_cache(maxsize=32)
def _examples(kind: str) -> tuple[frozenset[str], ...]:
    """Return the folded texts of each example row of the templates of a kind."""
    entries = [entry for entry in template_texts()["tables"].values() if entry["kind"] == kind]
    return tuple(frozenset(fold(v) for v in entry["example"].values()) for entry in entries)


def drop_example_rows(kind: str, cells: pd.DataFrame, frame: pd.DataFrame, source: Source, log: IssueLog) -> pd.DataFrame:
    """Drop rows that carry the mark of a template's example; say so, and loudly where somebody typed over it.

    Parameters
    ----------
    kind : str
        The schema's.
    cells : DataFrame
        All cells of the table as they came; ``frame``'s rows are among its rows.
    frame : DataFrame
        Rows with canonical columns.
    source : Source
    log : IssueLog
    """
    if frame.empty:
        return frame
    # All cells: the mark counts too where somebody renamed its column, so that no field is read from it.
    marked = _marked(cells.loc[frame.index])
    if not marked.any():
        return frame
    examples = _examples(kind)
    rows = frame.index[marked]
    texts = [{fold(c) for c in row if clean(c)} for row in cells.loc[rows].itertuples(index=False)]
    changed = np.array([not any(t <= e for e in examples) for t in texts], dtype=bool)
    kept = frame.loc[~marked]
    for code, mask in (("template_example_row", ~changed), ("template_example_changed", changed)):
        if mask.any():
            log.drop(frame.loc[rows], mask, code, source)
    return kept


def without_example_rows(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a table's cells without the rows in which any cell bears the mark of a template's example."""
    marked = _marked(cells)
    return cells.loc[~marked] if marked.any() else cells


def _marked(cells: pd.DataFrame) -> npt.NDArray[np.bool_]:
    mark = str(template_texts()["marks"]["example"])
    marked = np.zeros(len(cells), dtype=bool)
    for place in range(cells.shape[1]):
        marked |= _begins(cells.iloc[:, place], mark)
    return marked


def _begins(cells: pd.Series, mark: str) -> npt.NDArray[np.bool_]:
    """Return which cells are texts that begin with the mark."""
    if isinstance(cells.dtype, pd.StringDtype):
        return np.asarray(cells.str.startswith(mark).fillna(value=False), dtype=bool)
    if cells.dtype != object:
        return np.zeros(len(cells), dtype=bool)
    return np.array([isinstance(c, str) and c.startswith(mark) for c in cells], dtype=bool)
