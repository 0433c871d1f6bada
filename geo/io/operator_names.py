"""Operators in the cells of lists other than those of stations: one name, or several in one cell."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from geo.io.tables import Table
from geo.operators import OperatorCatalogue
from geo.text import clean
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["named_operators", "one_operator", "said_operators"]

_BETWEEN = re.compile(r"[,;/&+|\n]|\bvà\b|\band\b")


def one_operator(
    table: Table, frame: pd.DataFrame, field: str, catalogue: OperatorCatalogue, log: IssueLog, *, default: str = "", known: bool = True
) -> pd.Series:
    """Return the operator of each row by the catalogue's name, ``""`` where the cell is blank.

    Parameters
    ----------
    table : Table
    frame : DataFrame
        May lack the column.
    field : str
    catalogue : OperatorCatalogue
    log : IssueLog
        Receives names that the catalogue does not know (kept as they are), if they ought to be ``known``.
    default : str
        The operator of a list whose rows do not say it.
    known : bool
        False for owners, who need not be operators.
    """
    cells = frame[field].astype(object) if field in frame.columns else pd.Series(np.nan, index=frame.index, dtype=object)
    if default:
        cells = cells.where(~is_blank(cells), default)
    resolved = catalogue.resolve(cells)
    unknown = np.asarray(resolved.unknown, dtype=bool)
    if known and unknown.any():
        log.add("operator_unknown", table.source, rows=frame.index[unknown], column=table.header(field), came=list(cells[unknown].astype(str)))
    kept = [clean(c) if u else n for c, n, u in zip(cells, resolved.names, unknown, strict=True)]
    return pd.Series(kept, index=frame.index, dtype="str")


def named_operators(table: Table, frame: pd.DataFrame, fields: tuple[str, ...], catalogue: OperatorCatalogue, log: IssueLog) -> pd.Series:
    """Return all operators that the cells of some fields name, ``"A; B"``, sorted, each once; ``""`` where none does."""
    found: list[set[str]] = [set() for _ in range(len(frame))]
    for field in (name for name in fields if name in frame.columns):
        texts = [clean(c) for c in frame[field]]
        blank = is_blank(frame[field].astype(object))
        parts = pd.Series(
            [[p.strip() for p in _BETWEEN.split(t) if p.strip()] if not b else [] for t, b in zip(texts, blank, strict=True)], index=range(len(frame)), dtype=object
        ).explode().dropna()
        if parts.empty:
            continue
        resolved = catalogue.resolve(parts.reset_index(drop=True))
        unknown = np.asarray(resolved.unknown, dtype=bool)
        rows = parts.index.to_numpy()
        for row, text, name, odd in zip(rows, parts, resolved.names, unknown, strict=True):
            found[int(row)].add(str(text) if odd else str(name))
        if unknown.any():
            log.add("operator_unknown", table.source, rows=frame.index[rows[unknown]], column=table.header(field), came=list(parts[unknown]))
    return pd.Series(["; ".join(sorted(names - {""})) for names in found], index=frame.index, dtype="str")


def said_operators(names: pd.Series, catalogue: OperatorCatalogue) -> pd.Series:
    """Return the names of :func:`one_operator`, with those that the catalogue knows only in parts as ``"A; B"``, sorted, each once."""
    said: dict[str, str] = {}
    for name in names.unique():
        parts = list(dict.fromkeys(p.strip() for p in _BETWEEN.split(name) if p.strip()))
        known = catalogue.resolve(pd.Series([name, *parts], dtype=object))
        unknown = np.asarray(known.unknown, dtype=bool)
        if len(parts) > 1 and unknown[0] and not unknown[1:].all():
            said[name] = "; ".join(sorted({p if odd else str(n) for p, n, odd in zip(parts, list(known.names)[1:], unknown[1:], strict=True)}))
    return names.replace(said).astype("str")
