"""Ready-made sums that count the same tests more than once: a row for all operators beside one for each, a quarter beside its month.

A row of sums stands for a box: an operator, a technology, a package (or all of them), from a first day to a last. Boxes of one place that meet hold
the same tests, and are never added up. Of boxes that meet **the one of the longest period stays, of equal periods the one for all** (of all
operators, of all technologies), of those alike the one with most tests: what stays is the widest, so that least is lost. What is left out is
told apart, to be stated beside the figure.

A whole has no fewer tests than its parts. A row that names no operator and has fewer than those named is the row of somebody who was not named, and
counts beside them; a longer period with fewer tests than the shorter ones within it is left out itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.service_quality.samples import Samples

__all__ = ["ALL", "counted_once", "periods_of_sums", "sums_once"]

_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]
#: Code of what stands for all of its kind, or is not told.
ALL = -1
#: A box: what it names (operator, technology ...), first day, last day.
_Box = tuple[tuple[int, ...], int, int]


def counted_once(cell: _I64, named: Sequence[_I64], first: _I64, last: _I64, tests: npt.NDArray[np.float64]) -> _Bool:
    """Return which rows of sums are added up, so that no test counts twice.

    Parameters
    ----------
    cell : (n,) int64 array
        Rows of different cells (places, kinds of source) never meet.
    named : sequence of (n,) int64 array
        Operator, technology and so on; :data:`ALL` for all of them, or not told. Numbers sort as the names do, so that the order of rows says nothing.
    first, last : (n,) int64 array
        Days of the period, both within.
    tests : (n,) float64 array
        Behind each row; NaN or 0 not told.

    Returns
    -------
    (n,) bool array
        Rows of one and the same box stay together: whether they repeat each other is for the reader to tell.
    """
    keep = np.ones(len(cell), dtype=bool)
    if len(cell) < 2:
        return keep
    columns = np.column_stack([cell, *named, first, last])
    boxes, of = np.unique(columns, axis=0, return_inverse=True)
    of = of.reshape(-1)
    counts = np.bincount(of, np.nan_to_num(tests), minlength=len(boxes))
    stays = np.ones(len(boxes), dtype=bool)
    starts = np.flatnonzero(np.r_[True, boxes[1:, 0] != boxes[:-1, 0]])
    for begin, end in pairwise([*starts.tolist(), len(boxes)]):
        if end - begin > 1 and _may_meet(boxes[begin:end]):
            listed: list[_Box] = [(tuple(row[1:-2]), row[-2], row[-1]) for row in boxes[begin:end].tolist()]
            stays[begin:end] = _widest(listed, counts[begin:end].tolist())
    return np.asarray(stays[of], dtype=bool)


def sums_once(samples: Samples, rows: _I64, own: _Bool) -> _Bool:
    """Return which rows of sums are added up, of those of one kind of source.

    Parameters
    ----------
    samples : Samples
    rows : (n,) int64 array
    own : (n,) bool array
        Rows that are the statistic asked for; the others say something else of the same tests.
    """
    s = samples
    commune = s.areas["commune"][rows] if "commune" in s.areas else np.zeros(len(rows), dtype=np.int64)
    apart = np.column_stack([commune, s.place[rows], s.codes["campaign"][rows], own])
    cell = np.unique(apart, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    named = [np.where(np.array([word == "" for word in s.words[name]])[s.codes[name][rows]], ALL, s.codes[name][rows]) for name in ("operator", "technology")]
    named += [pd.factorize(s.values[name][rows], sort=True)[0].astype(np.int64) for name in ("package_download_mbps", "package_upload_mbps")]
    # Rows that do not tell their tests weigh nothing, and stand for nobody else's.
    told = s.tests[rows] > 0
    once = np.ones(len(rows), dtype=bool)
    once[told] = counted_once(cell[told], [each[told] for each in named], s.first[rows][told], s.day[rows][told], s.tests[rows][told])
    return once


def periods_of_sums(samples: Samples, rows: _I64, level: str, areas: int) -> _I64:
    """Return how many different periods the rows of each area of a level have; 0 where it has no row."""
    area = samples.areas[level][rows]
    inside = area >= 0
    periods = np.unique(np.column_stack([area, samples.first[rows], samples.day[rows]])[inside], axis=0)
    return np.bincount(periods[:, 0], minlength=areas).astype(np.int64)


def _may_meet(boxes: _I64) -> bool:
    """Tell whether some boxes of a cell may hold the same tests; most cells are done with here."""
    named = boxes[:, 1:-2]
    if ((named == ALL).any(axis=0) & (named != ALL).any(axis=0)).any():
        return True
    periods = np.unique(boxes[:, -2:], axis=0)
    return bool((periods[1:, 0] <= np.maximum.accumulate(periods[:-1, 1])).any())


def _widest(boxes: Sequence[_Box], tests: Sequence[float]) -> list[bool]:
    """Return which boxes stay: from the widest on, each that does not meet one that stays already."""
    order = sorted(range(len(boxes)), key=lambda i: (boxes[i][1] - boxes[i][2], -boxes[i][0].count(ALL), -tests[i], boxes[i]))
    known = list(boxes)
    whole = [True] * len(boxes)
    for i in reversed(order):
        within = [j for j in order if j != i and whole[j] and _holds(boxes[i], known[j])]
        if within and tests[i] < sum(tests[within[k]] for k in _apart([known[j] for j in within])):
            alone = tuple(-2 - i if name == ALL and any(known[j][0][d] != ALL for j in within) else name for d, name in enumerate(boxes[i][0]))
            whole[i] = alone != boxes[i][0]
            known[i] = (alone, *boxes[i][1:])
    usable = [i for i in order if whole[i]]
    stays = [False] * len(boxes)
    for k in _apart([known[i] for i in usable]):
        stays[usable[k]] = True
    return stays


def _apart(boxes: Sequence[_Box]) -> list[int]:
    """Return the positions of boxes of which no two meet, the first ones first."""
    chosen: list[int] = []
    for i, box in enumerate(boxes):
        if not any(_meet(box, boxes[j]) for j in chosen):
            chosen.append(i)
    return chosen


def _holds(whole: _Box, part: _Box) -> bool:
    return whole[1] <= part[1] and part[2] <= whole[2] and all(w in (ALL, p) for w, p in zip(whole[0], part[0], strict=True))


def _meet(one: _Box, other: _Box) -> bool:
    return one[1] <= other[2] and other[1] <= one[2] and all(a == b or ALL in (a, b) for a, b in zip(one[0], other[0], strict=True))
