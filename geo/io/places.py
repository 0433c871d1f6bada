"""What lists of places share: the commune each lies in, places listed twice, ids of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import from_wgs84
from geo.io.positions import PositionContext
from geo.io.tables import Table
from geo.text import fold
from geo.validation import IssueLog, Source

__all__ = ["drop_twins", "give_ids", "state_rows", "stated_household_sizes", "with_communes", "with_provenance"]

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
    districts = frame.get("district_name", blank).to_numpy(dtype=object)
    known = set(area.codes)
    found[outside] = ""
    if {"commune_code", "commune_name"} & set(frame.columns):
        for i in np.flatnonzero(outside):
            found[i] = codes[i] if codes[i] in known else ""
            named[i] = bool(area.communes_meant(codes[i], names[i], context.provinces, districts[i]))
            came[i] = f"{codes[i]} {names[i]}".strip()
    frame = frame.assign(commune_code=pd.Series(found, index=frame.index, dtype="str"))
    kept = outside & named
    if kept.any():
        log.add("place_outside_communes", table.source, rows=frame.index[kept],
                column=table.header("commune_name" if "commune_name" in table.headers else "commune_code"),
                came=list(came[kept]))
    return log.drop(frame, outside & ~named, "place_not_of_project", table.source, came=came)


def drop_twins(
    frame: pd.DataFrame, *, keys: tuple[str, ...], same_place_m: float, plane_epsg: int, column: str, log: IssueLog
) -> pd.DataFrame:
    """Drop rows that repeat an earlier one: equal folded ``keys``, nearer than ``same_place_m``.

    ``frame`` carries its provenance and may come from several sheets. Rows without a name are never
    taken for each other. Different names at exactly one point are stated.
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
    shared = np.zeros(len(frame), dtype=bool)
    shared[np.concatenate([first[same_spot], second[same_spot]])] = True
    label, numbers = frame[keys[0]].to_numpy(dtype=object), frame["row"].to_numpy()
    state_rows("places_one_point", frame, shared, log, column=column, came=label)
    came = np.array([f"{n} = {numbers[t]}" if t >= 0 else "" for n, t in zip(label, twin_of, strict=True)], dtype=object)
    state_rows("place_twice", frame, twin_of >= 0, log, column=column, came=came, fields={"distance": f"{same_place_m:g}"})
    return frame[twin_of < 0].reset_index(drop=True)


def give_ids(frame: pd.DataFrame, *, id_field: str, name_field: str, column: str, log: IssueLog) -> pd.DataFrame:
    """Return ``frame`` with a unique ``id_field``: the list's own ids where it has them, else made ones.

    A made id is the commune's code and a digest of the folded name, so that it does not depend on
    the order of rows; where a commune has the name twice, the position (5 decimals) joins in.
    ``frame`` carries its provenance; frames of several files may be joined and asked again.
    """
    came = frame[id_field].astype("str")
    ids = came.to_numpy(dtype=object).copy()
    blank = ids == ""
    if blank.any():
        ids[blank] = _made_ids(frame[blank], name_field)
        state_rows("place_id_made", frame, blank, log, column=column)
    commune = frame["commune_code"].to_numpy(dtype=object)
    repeated = pd.Series(ids).duplicated(keep=False).to_numpy(dtype=bool)
    if repeated.any() and not pd.DataFrame({"c": commune, "i": ids}).duplicated().any():
        ids = np.where(blank, ids, commune + "-" + ids)
        state_rows("place_id_in_commune", frame, repeated, log, column=column, came=came.to_numpy(dtype=object))
    again = pd.Series(ids).duplicated(keep="first").to_numpy(dtype=bool)
    if again.any():
        state_rows("place_id_repeated", frame, again, log, column=column, came=ids)
        ids = _numbered(ids)
    return frame.assign(**{id_field: pd.Series(ids, index=frame.index, dtype="str")})


def state_rows(
    code: str,
    frame: pd.DataFrame,
    mask: BoolArray,
    log: IssueLog,
    *,
    column: str = "",
    came: npt.NDArray[np.object_] | None = None,
    fields: Mapping[str, object] | None = None,
) -> None:
    """State rows of a frame that carries its provenance, each at the file and sheet that it came from."""
    if not mask.any():
        return
    chosen = frame.loc[mask, ["file", "sheet", "row"]]
    texts = None if came is None else np.asarray(came, dtype=object)[mask]
    sources = [Source(str(f), str(s)) for f, s in zip(chosen["file"], chosen["sheet"], strict=True)]
    for source in sorted(set(sources)):
        mine = np.array([s == source for s in sources], dtype=bool)
        log.add(code, source, rows=chosen["row"].to_numpy()[mine], column=column,
                came=None if texts is None else list(texts[mine]), fields=fields)


def _made_ids(frame: pd.DataFrame, name_field: str) -> list[str]:
    names = frame[name_field].map(fold)
    place = frame["lon"].map("{:.5f}".format) + " " + frame["lat"].map("{:.5f}".format)
    commune = frame["commune_code"].where(frame["commune_code"] != "", "00000")
    alone = ~(commune + "|" + names).duplicated(keep=False) & (names != "")
    keys = names.where(alone, names + "|" + place)
    return [f"{c}-{hashlib.sha256(k.encode()).hexdigest()[:_DIGITS]}" for c, k in zip(commune, keys, strict=True)]


def _numbered(ids: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    taken = set(ids)
    seen: set[str] = set()
    out = np.empty(len(ids), dtype=object)
    for i, text in enumerate(ids):
        name, number = text, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{text}-{number}"
        seen.add(name)
        out[i] = name
    return out


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
