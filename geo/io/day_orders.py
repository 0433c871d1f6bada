"""One order of day and month for all that was written together: the columns and sheets of a file, and files of one form.

A column whose dates read both ways says nothing of its order. Where another column of the file, or another file of the same input with the same
headers, has the month first and none has the day first, it is read so too, which is stated. Where they contradict each other, that is stated, and such
a column is read in the Vietnamese way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from geo.errors import InputError
from geo.io.month_first import column_order, with_month_first
from geo.io.raw import Siblings, TableOptions
from geo.schemas import FieldType, Schema
from geo.text import fold_key
from geo.validation import IssueLog, Source

__all__ = ["DatedTable", "settle_file_orders"]

#: Fields that hold dates though they have readers of their own.
_RAW_DATES = frozenset(("time", "end_time", "day", "period", "period_start", "period_end"))
_ENDS = ("period_start", "period_end")
#: Sites and cells may have millions of rows: their order is looked for in so many.
_LOOKED_AT = 200_000


@dataclass(frozen=True, slots=True)
class DatedTable:
    """What of a table tells the order of its dates: cells and headers by field."""

    source: Source
    frame: pd.DataFrame
    headers: Mapping[str, str]

    @property
    def form(self) -> tuple[str, ...]:
        """The headers, folded: files of one program share them."""
        return tuple(sorted(fold_key(h) for h in self.headers.values()))


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of one column."""

    table: int
    field: str
    order: str
    place: str


def settle_file_orders(
    tables: Sequence[DatedTable],
    schema: Schema,
    siblings: Siblings | None,
    look: Callable[[Path, str, TableOptions], Iterable[DatedTable]],
    log: IssueLog,
) -> list[pd.DataFrame]:
    """Return the tables' frames; columns that read both ways have the order of what was written with them.

    Parameters
    ----------
    tables : sequence of DatedTable
        All of one file.
    schema : Schema
    siblings : Siblings, optional
        The other files of the input; looked into only if this file leaves a column open.
    look : callable
        Returns the tables of such a file; may raise InputError.
    log : IssueLog
    """
    frames = [table.frame for table in tables]
    if not tables:
        return frames
    orders = _orders(tables, schema)
    open_ = [o for o in orders if o.order == "open"]
    first = {way: [o.place for o in orders if o.order == way] for way in ("month", "day")}
    if open_ and siblings is not None and not (first["month"] or first["day"]):
        first = _of_siblings(tables, schema, siblings, look)
    if first["month"] and first["day"]:
        places = {way: "; ".join(dict.fromkeys(first[way])) for way in first}
        log.add("date_orders_differ", Source(tables[0].source.file), column="; ".join(dict.fromkeys(tables[o.table].headers[o.field] for o in open_)),
                fields={"months": places["month"], "days": places["day"]})  # fmt: skip
    elif first["month"]:
        for o in open_:
            cells, turned = with_month_first(frames[o.table][o.field])
            log.add("date_order_of_file", tables[o.table].source, rows=() if turned.all() else cells.index[turned], column=tables[o.table].headers[o.field],
                    came=str(frames[o.table][o.field][turned].iloc[0]), fields={"place": "; ".join(dict.fromkeys(first["month"]))})  # fmt: skip
            frames[o.table] = frames[o.table].assign(**{o.field: cells})
    return frames


def _orders(tables: Sequence[DatedTable], schema: Schema, *, file: bool = False) -> list[_Order]:
    found = []
    for number, table in enumerate(tables):
        for name in table.frame.columns:
            of = schema.fields.get(str(name))
            if of is None or not (of.type in {FieldType.DATE, FieldType.TIME} or name in _RAW_DATES):
                continue
            order = column_order(pd.concat([table.frame[n].iloc[:_LOOKED_AT] for n in _written_with(str(name), table.frame)], ignore_index=True))
            place = f"'{table.headers[str(name)]}'" + (f" ({table.source.file})" if file else f" ({table.source.sheet})" if table.source.sheet and len(tables) > 1 else "")
            found.append(_Order(number, str(name), order, place))
    return found


def _written_with(name: str, frame: pd.DataFrame) -> list[str]:
    """Return a column and, of one end of a period, the other: both are read in one order by :func:`geo.io.service_times.settle_periods`."""
    return list(_ENDS) if name in _ENDS and set(_ENDS) <= set(frame.columns) else [name]


def _of_siblings(
    tables: Sequence[DatedTable], schema: Schema, siblings: Siblings, look: Callable[[Path, str, TableOptions], Iterable[DatedTable]]
) -> dict[str, list[str]]:
    """Return where other files of the same form have the month or the day first."""
    forms = {table.form for table in tables}
    own = tables[0].source.file
    first: dict[str, list[str]] = {"month": [], "day": []}
    for path, file, options in siblings.files:
        if file == own:
            continue
        if path not in siblings.known:
            try:
                siblings.known[path] = [(t.form, o) for t in look(path, file, replace(options, siblings=None)) for o in _orders([t], schema, file=True)]
            except InputError:  # said when its turn comes
                siblings.known[path] = []
        for form, order in siblings.known[path]:
            if form in forms and order.order in first:
                first[order.order].append(order.place)
    return first
