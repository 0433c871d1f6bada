"""Rows of sums against each other: totals told by their words, and several rows for one and the same figure.

Sums of one operator, technology, place and period stand once. The same row again counts once; where rows differ (a table that was corrected and
sent again, say) nobody can tell which holds, and adding them would count the same tests twice: none is used, unless the project file says by
``repeated_rows = "parts"`` that such rows are parts (of villages, or hours, in columns that nobody reads here).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.files import digest
from geo.io.places import state_rows
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from geo.io.resources import load_toml
from geo.io.speed_repeats import SeenDays
from geo.io.tables import Table
from geo.text import clean, fold_key
from geo.validation import IssueLog

__all__ = ["IPV6_SUMS", "SPEED_SUMS", "are_parts", "clashing", "settle_repeated_tests", "settle_sums", "without_copies", "without_total_words"]

BoolArray = npt.NDArray[np.bool_]

#: What rows of sums are told apart by, and what they say.
SPEED_SUMS = (
    ("operator", "technology", "access", "lon", "lat", "commune_code", "package_download_mbps", "package_upload_mbps", "statistic", "period_start", "period_end", "source_kind", "campaign"),
    ("download_mbps", "upload_mbps", "latency_ms"),
)  # fmt: skip
IPV6_SUMS = (("operator", "access", "commune_code", "lon", "lat", "asn", "period_start", "period_end"), ("capable_tests", "preferred_tests"))


@lru_cache(maxsize=1)
def _total_words() -> frozenset[str]:
    return frozenset(fold_key(word) for word in load_toml("speed_tests.toml")["totals"]["words"])


def without_total_words(table: Table, frame: pd.DataFrame, fields: tuple[str, ...], log: IssueLog) -> tuple[pd.DataFrame, BoolArray]:
    """Return the frame with cells such as "Tất cả" blank, since they name all and not one, and where the first of the fields had them."""
    found = np.zeros(len(frame), dtype=bool)
    for place, name in enumerate(name for name in fields if name in frame.columns):
        cells = frame[name]
        if pd.api.types.is_numeric_dtype(cells.dtype):
            continue
        whole = cells.isin([text for text in cells.dropna().unique() if fold_key(text) in _total_words()]).to_numpy(dtype=bool)
        if whole.any():
            log.add("service_total_row", table.source, rows=frame.index[whole], column=table.header(name), came=list(cells[whole].astype(str)))
            frame = frame.assign(**{name: cells.astype(object).mask(whole)})
        if place == 0:
            found = whole
    return frame, found


def are_parts(options: TableOptions) -> bool:
    """Tell whether the project file says that several rows of one figure are parts of it.

    Raises
    ------
    InputError
        If it says something else.
    """
    given = clean(options.extra.get("repeated_rows", ""))
    if given not in {"", "parts"}:
        raise InputError(f"repeated_rows = '{given}': chỉ được phép \"parts\".", f"repeated_rows = '{given}': allowed is \"parts\".")
    return given == "parts"


def settle_sums(frame: pd.DataFrame, columns: tuple[tuple[str, ...], tuple[str, ...]], log: IssueLog, *, parts: frozenset[str] = frozenset()) -> pd.DataFrame:
    """Return rows of sums of which no two say something of the same: the same row counts once, rows that differ not at all. Both are stated.

    Parameters
    ----------
    frame : DataFrame
        Of all files, with ``is_aggregate``, ``tests`` and provenance; rows that are no sums pass through.
    columns : (keys, values)
        :data:`SPEED_SUMS` or :data:`IPV6_SUMS`.
    log : IssueLog
    parts : frozenset of str
        Files whose rows of one figure are its parts.
    """
    keys, values = (list(names) for names in columns)
    repeated, wrong = clashing(frame, keys, values, (frame["is_aggregate"] & ~frame["file"].isin(parts)).to_numpy(dtype=bool), beside=("tests",))
    if not (repeated | wrong).any():
        return frame
    came = np.full(len(frame), "", dtype=object)
    for i in np.flatnonzero(wrong | repeated):
        row = frame.iloc[i]
        came[i] = "; ".join(f"{row[name]:g}" for name in [*values, "tests"] if pd.notna(row[name]))
    state_rows("service_rows_differ", frame, wrong, log, came=came)
    state_rows("service_row_repeated", frame, repeated, log, came=came)
    return frame[~wrong & ~repeated].reset_index(drop=True)


def clashing(
    frame: pd.DataFrame, keys: Sequence[str], values: Sequence[str], among: BoolArray, *, beside: Sequence[str] = ()
) -> tuple[BoolArray, BoolArray]:
    """Return which rows say again what an earlier one says, and which say something else of the same than another row.

    Parameters
    ----------
    frame : DataFrame
    keys, values : sequence of str
        What rows speak of, and what they say of it; of two rows of which each says what the other does not nothing is said twice.
    among : (n,) bool array
        Rows that are looked at.
    beside : sequence of str
        Columns that belong to what is said, without being said of themselves.
    """
    again, wrong = np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    at = np.flatnonzero(among)
    mine = frame.iloc[at].reset_index(drop=True)
    at = at[mine.duplicated(list(keys), keep=False).to_numpy(dtype=bool)]
    twice = frame.iloc[at].reset_index(drop=True)
    if twice.empty:
        return again, wrong
    same = twice.duplicated([*keys, *values, *beside]).to_numpy(dtype=bool)
    once = twice[~same]
    number = once.groupby(list(keys), dropna=False, sort=False).ngroup()
    told = once[list(values)].notna()
    differ = ((told.groupby(number).transform("sum") > 1) & told).any(axis=1)
    again[at[same]] = True
    wrong[at[~same]] = differ.groupby(number).transform("any").to_numpy(dtype=bool)
    return again, wrong


def without_copies(frame: pd.DataFrame, files: Sequence[InputFile], log: IssueLog) -> pd.DataFrame:
    """Return a frame without the rows of files that are, byte for byte and read alike, one before them: tests that nothing tells apart are there too. Stated."""
    if len(files) < 2:
        return frame
    first: dict[tuple[str, str], str] = {}
    again = {item.file for item in files if item.path.is_file() and first.setdefault((digest(item.path), repr(item.options)), item.file) != item.file}
    copied = frame["file"].isin(again).to_numpy(dtype=bool)
    state_rows("service_row_repeated", frame, copied, log)
    return frame[~copied].reset_index(drop=True)


def settle_repeated_tests(frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return single tests once, whatever the number of files that hold them; those that nothing tells apart stay. Stated.

    A phone has many tests of one day with one answer: where the day alone is told, all of a phone's day, or none, stand in two files.
    """
    keys = [name for name in frame.columns if name not in {"file", "sheet", "row"}]
    rules = load_toml("speed_tests.toml")
    local = frame["time"] + pd.Timedelta(hours=float(rules["utc_offset_h"]["value"]))
    day_only = (local == local.dt.normalize()).to_numpy(dtype=bool) & ~frame["is_aggregate"].to_numpy(dtype=bool)
    told = ~frame["is_aggregate"] & frame["time"].notna() & (frame["lon"].notna() | (frame["device"] != ""))
    again = frame.duplicated(keys).to_numpy(dtype=bool) & told.to_numpy(dtype=bool) & ~day_only
    seen, of_a_phone = SeenDays(), np.flatnonzero(day_only & (frame["device"] != "").to_numpy(dtype=bool))
    for rows in frame.iloc[of_a_phone].groupby("file", sort=False).indices.values():
        at = of_a_phone[rows]
        again[at] = seen.repeated(frame.iloc[at][keys], fewest=int(rules["repeated_day_tests"]["value"]))
    state_rows("service_row_repeated", frame, again, log)
    kept: pd.DataFrame = frame[~again].reset_index(drop=True)
    return kept
