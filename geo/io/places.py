"""What lists of places share: the commune each lies in, places listed twice, ids of their own."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84
from geo.io.positions import PositionContext
from geo.io.tables import Table
from geo.text import fold
from geo.validation import IssueLog, Source

__all__ = ["drop_twins", "give_ids", "stated_household_sizes", "with_communes", "with_provenance"]

BoolArray = npt.NDArray[np.bool_]

_DIGITS = 8


def with_communes(table: Table, frame: pd.DataFrame, context: PositionContext, log: IssueLog) -> pd.DataFrame:
    """Return ``frame`` with ``commune_code`` of the commune in which each point lies.

    A point outside all communes is dropped unless its row names one of them; then the code that
    the row gives is kept, and a name alone leaves the commune unknown (``""``). Stated either way.
    """
    area = context.area
    located = area.locate(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    outside = located < 0
    found = area.codes[np.maximum(located, 0)].astype(object)
    named = np.zeros(len(frame), dtype=bool)
    came = np.full(len(frame), "", dtype=object)
    blank = pd.Series("", index=frame.index, dtype="str")
    codes = frame.get("commune_code", blank).to_numpy(dtype=object)
    names = frame.get("commune_name", blank).to_numpy(dtype=object)
    known = set(area.codes)
    found[outside] = ""
    if {"commune_code", "commune_name"} & set(frame.columns):
        for i in np.flatnonzero(outside):
            found[i] = codes[i] if codes[i] in known else ""
            named[i] = bool(area.communes_meant(codes[i], names[i], context.provinces))
            came[i] = f"{codes[i]} {names[i]}".strip()
    frame = frame.assign(commune_code=pd.Series(found, index=frame.index, dtype="str"))
    kept = outside & named
    if kept.any():
        log.add("place_outside_communes", table.source, rows=frame.index[kept],
                column=table.header("commune_name" if "commune_name" in table.headers else "commune_code"),
                came=list(came[kept]))
    return log.drop(frame, outside & ~named, "place_not_of_project", table.source, came=came)


def drop_twins(
    table: Table, frame: pd.DataFrame, *, keys: tuple[str, ...], same_place_m: float, plane_epsg: int, log: IssueLog
) -> pd.DataFrame:
    """Drop rows that repeat an earlier one: equal folded ``keys``, nearer than ``same_place_m``.

    Rows without a name are never taken for each other. Different names at exactly one point are stated.
    """
    if len(frame) < 2:
        return frame
    folded = frame[list(keys)].map(fold).agg("|".join, axis=1).to_numpy(dtype=object)
    blank = frame[keys[0]].map(fold).to_numpy(dtype=object) == ""
    x, y = from_wgs84(frame["lon"].to_numpy(), frame["lat"].to_numpy(), plane_epsg)
    points = np.asarray(shapely.points(x, y), dtype=object)
    first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=same_place_m)
    pairs = (first < second) & (folded[first] == folded[second]) & ~blank[first]
    twin_of = np.full(len(frame), -1, dtype=np.int64)
    for a, b in sorted(zip(first[pairs].tolist(), second[pairs].tolist(), strict=True)):
        if twin_of[a] < 0 and twin_of[b] < 0:
            twin_of[b] = a
    same_spot = (first < second) & (x[first] == x[second]) & (y[first] == y[second]) & (folded[first] != folded[second])
    shared = np.unique(np.concatenate([first[same_spot], second[same_spot]]))
    label = frame[keys[0]].to_numpy(dtype=object)
    if len(shared):
        log.add("places_one_point", table.source, rows=frame.index[shared], column=table.header(keys[0]),
                came=list(label[shared]))
    twin = twin_of >= 0
    numbers = frame.index.to_numpy()
    came = np.array([f"{n} = {numbers[t]}" if t >= 0 else "" for n, t in zip(label, twin_of, strict=True)], dtype=object)
    return log.drop(frame, twin, "place_twice", table.source, column=table.header(keys[0]), came=came,
                    fields={"distance": f"{same_place_m:g}"})


def give_ids(table: Table, frame: pd.DataFrame, *, id_field: str, name_field: str, log: IssueLog) -> pd.DataFrame:
    """Return ``frame`` with a unique ``id_field``: the list's own ids where it has them, else made ones.

    A made id is the commune's code and a digest of the folded name, so that it does not depend on
    the order of rows; where a commune has the name twice, the position (5 decimals) joins in.
    """
    ids = frame.get(id_field, pd.Series("", index=frame.index, dtype="str")).astype("str")
    column = table.header(id_field)
    blank = (ids == "").to_numpy(dtype=bool)
    if blank.any():
        filled = ids.to_numpy(dtype=object).copy()
        filled[blank] = _made_ids(frame[blank], name_field)
        ids = pd.Series(filled, index=ids.index, dtype="str")
        log.add("place_id_made", table.source, rows=frame.index[blank], column=column)
    repeated = ids.duplicated(keep=False)
    if repeated.any() and not (frame["commune_code"] + "|" + ids).duplicated().any():
        ids = ids.where(blank, frame["commune_code"] + "-" + ids)
        log.add("place_id_in_commune", table.source, rows=frame.index[repeated.to_numpy()], column=column,
                came=list(frame.get(id_field, ids)[repeated]))
    again = ids.duplicated(keep="first").to_numpy(dtype=bool)
    if again.any():
        came = list(ids[again])
        log.add("place_id_repeated", table.source, rows=frame.index[again], column=column, came=came)
        ids = _numbered(ids)
    return frame.assign(**{id_field: ids})


def _made_ids(frame: pd.DataFrame, name_field: str) -> list[str]:
    names = frame[name_field].map(fold)
    place = frame["lon"].map("{:.5f}".format) + " " + frame["lat"].map("{:.5f}".format)
    commune = frame["commune_code"].where(frame["commune_code"] != "", "00000")
    alone = ~(commune + "|" + names).duplicated(keep=False) & (names != "")
    keys = names.where(alone, names + "|" + place)
    return [f"{c}-{hashlib.sha256(k.encode()).hexdigest()[:_DIGITS]}" for c, k in zip(commune, keys, strict=True)]


def _numbered(ids: pd.Series) -> pd.Series:
    taken = set(ids)
    seen: set[str] = set()
    out = []
    for text in ids:
        name, number = text, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{text}-{number}"
        seen.add(name)
        out.append(name)
    return pd.Series(out, index=ids.index, dtype="str")


def stated_household_sizes(table: Table, frame: pd.DataFrame, low: float, high: float, log: IssueLog) -> None:
    """State rows whose persons per household are beyond belief."""
    people, households = frame["population"].to_numpy(dtype=float), frame["households"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = people / households
        odd = (size < low) | (size > high)
    if odd.any():
        came = [f"{p:g} / {h:g}" for p, h in zip(people[odd], households[odd], strict=True)]
        log.add("household_size_implausible", table.source, rows=frame.index[odd], came=came,
                column=f"{table.header('population')}; {table.header('households')}",
                fields={"low": f"{low:g}", "high": f"{high:g}"})


def with_provenance(frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Return ``frame`` with ``file``, ``sheet`` and ``row`` as its last columns and a plain index."""
    row = frame.index.to_numpy(dtype=np.int64)
    return frame.assign(file=source.file, sheet=source.sheet, row=row).reset_index(drop=True)
