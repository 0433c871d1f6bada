"""What departments and operators have recorded: acceptances, claims and deadlines, each put to its zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.register.zones import Layer, listed
from geo.validation import IssueLog, Source

__all__ = ["Recorded", "claimed_places", "recorded_of_places", "with_earlier"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one place.

    Attributes
    ----------
    accepted : bool or None
        What the latest dated acceptance says (of two on one day the refusal); undated ones only where none has a date.
    accepted_on : date or None
    claimed : bool
        An operator states that it serves the place.
    claimed_on : date or None
    deadline : date or None
        The latest one given.
    rows : tuple of (str, str, int)
        File, sheet and row of what says so.
    """

    accepted: bool | None = None
    accepted_on: date | None = None
    claimed: bool = False
    claimed_on: date | None = None
    deadline: date | None = None
    rows: tuple[tuple[str, str, int], ...] = field(default=(), compare=False)


def recorded_of_places(
    rows: pd.DataFrame,
    places: pd.DataFrame,
    outlines: Sequence[Sequence[shapely.Geometry]],
    *,
    villages: Iterable[pd.DataFrame],
    today: date,
    log: IssueLog,
) -> tuple[Recorded, ...]:
    """Return what is recorded of each place.

    A row names a register id, a dead zone of any review, a village or a point. A point, or a village's point,
    means the places in whose outline it lies. The row of an operator means places of that operator, and those of
    all operators together from which it is missing. Nothing is guessed: a row that fits no place, or an id that
    stands for two, is stated and not used.

    Parameters
    ----------
    rows : DataFrame
        ``register_id``, ``dead_zone_id``, ``review_on`` (the review whose id that is; NaT: any), ``village_id``, ``lon``, ``lat``, ``operator``, ``accepted`` and
        ``claimed`` (yes, no, ""), ``accepted_on``, ``claimed_on``, ``deadline`` (datetime64), ``file``, ``sheet``, ``row``.
    places : DataFrame
        ``register_id``, ``merged_into``, ``previous_ids``, ``operator``, ``operators_missing``.
    outlines : sequence of sequences of geometries
        Of each place, EPSG:4326: the last known and the new one.
    villages : iterable of DataFrame
        ``village_id``, ``lon``, ``lat``; of the newest review first.
    today : date
        Of the new review; what is dated later is not known yet.
    log : IssueLog
    """
    finder = _Finder(places, outlines, villages)
    taken: dict[int, list[Mapping[Any, Any]]] = {}
    unused: Counter[Source] = Counter()
    for row in rows.to_dict("records"):
        source = Source(str(row["file"]), str(row["sheet"]))
        number = [int(row["row"])]
        found, problem, came = finder.places_of(row)
        if problem:
            log.add(problem, source, rows=number, came=came)
            unused[source] += 1
            continue
        for name in ("accepted_on", "claimed_on"):
            if not pd.isna(row[name]) and pd.Timestamp(row[name]).date() > today:
                log.add("acceptance_in_future", source, rows=number, came=str(pd.Timestamp(row[name]).date()))
                row |= {name: pd.NaT, name.removesuffix("_on"): ""}
        for place in found:
            taken.setdefault(place, []).append(row)
    # The list was closed when it was read: rows that fit no place are not used after all.
    log.counts[:] = [replace(c, rows_used=c.rows_used - unused[c.source], rows_dropped=c.rows_dropped + unused[c.source]) for c in log.counts]
    return tuple(_summed(taken.get(place, []), log) for place in range(len(places)))


class _Finder:
    """Finds the places that a row means."""

    def __init__(
        self, places: pd.DataFrame, outlines: Sequence[Sequence[shapely.Geometry]], villages: Iterable[pd.DataFrame]
    ) -> None:
        self._places = places.to_dict("records")
        self._outlines = outlines
        self._by_id = {str(p["register_id"]): i for i, p in enumerate(self._places)}
        self._by_zone: dict[tuple[str, str], set[int]] = {}
        for i, place in enumerate(self._places):
            for part in listed(place["previous_ids"]):
                day, _, name = part.partition("=")
                for key in ((name, ""), (name, day)):
                    self._by_zone.setdefault(key, set()).add(self._survivor(i))
        self._villages: dict[str, tuple[float, float]] = {}
        for frame in villages:
            for name, lon, lat in zip(frame["village_id"], frame["lon"], frame["lat"], strict=True):
                self._villages.setdefault(str(name), (float(lon), float(lat)))

    def _survivor(self, place: int) -> int:
        seen = {place}
        while (heir := self._by_id.get(str(self._places[place]["merged_into"]), -1)) >= 0 and heir not in seen:
            place = heir
            seen.add(place)
        return place

    def places_of(self, row: Mapping[Any, Any]) -> tuple[list[int], str, str]:
        """Return the places, or the code of a finding and what came."""
        operator = str(row["operator"])
        review = _day(row["review_on"])
        for key in ("register_id", "dead_zone_id"):
            name = str(row[key])
            if not name:
                continue
            if key == "register_id":
                found = {self._survivor(self._by_id[name])} if name in self._by_id else set()
            else:
                found = self._by_zone.get((name, "" if review is None else review.isoformat()), set())
            if not found:
                return [], "acceptance_unmatched", name
            if len(found) > 1:
                return [], "acceptance_ambiguous", name
            (place,) = found
            return ([place], "", "") if self._concerns(place, operator) else ([], "acceptance_other_operator", f"{name}: {operator}")
        village = str(row["village_id"])
        if village:
            if village not in self._villages:
                return [], "acceptance_unmatched", village
            lon, lat = self._villages[village]
        else:
            lon, lat = float(str(row["lon"])), float(str(row["lat"]))
        point = shapely.Point(lon, lat)
        inside = {
            self._survivor(i)
            for i, shapes in enumerate(self._outlines)
            if any(shape is not None and shapely.intersects(shape, point) for shape in shapes)
        }
        places = sorted(place for place in inside if self._concerns(place, operator))
        came = village or f"{lon:.5f}, {lat:.5f}"
        return (places, "", "") if places else ([], "acceptance_unmatched", came)

    def _concerns(self, place: int, operator: str) -> bool:
        about = self._places[place]
        missing = listed(about["operators_missing"])
        if not operator:
            return True
        return operator == about["operator"] if about["operator"] else not missing or operator in missing


def _summed(rows: Sequence[Mapping[Any, Any]], log: IssueLog) -> Recorded:
    """Return what rows about one place say together, whatever their order."""
    out = Recorded(rows=tuple(sorted((str(row["file"]), str(row["sheet"]), int(str(row["row"]))) for row in rows)))
    said = [(_day(row["accepted_on"]), row["accepted"] == "yes") for row in rows if row["accepted"]]
    dated = sorted(((day, yes) for day, yes in said if day is not None), key=lambda e: (e[0], not e[1]))
    if dated:
        out = replace(out, accepted=dated[-1][1], accepted_on=dated[-1][0])
    elif said:
        out = replace(out, accepted=all(yes for _, yes in said))
    claims = [_day(row["claimed_on"]) for row in rows if row["claimed"] == "yes"]
    if claims:
        days = [day for day in claims if day is not None]
        out = replace(out, claimed=True, claimed_on=max(days, default=None))
    deadlines = sorted({day for row in rows if (day := _day(row["deadline"])) is not None})
    if deadlines:
        out = replace(out, deadline=deadlines[-1])
    if len(deadlines) > 1:
        for row in rows:
            if (day := _day(row["deadline"])) is not None and day != deadlines[-1]:
                log.add("acceptance_deadline_replaced", Source(str(row["file"]), str(row["sheet"])), rows=[int(str(row["row"]))],
                        came=day.isoformat(), fields={"deadline": deadlines[-1].isoformat()})  # fmt: skip
    return out


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def with_earlier(recorded: Sequence[Recorded], rows: pd.DataFrame) -> tuple[Recorded, ...]:
    """Return what is recorded with the acceptances that the register knows already.

    The later one counts; one with a day before one without; of two without, that of the new list.

    Parameters
    ----------
    recorded : sequence of Recorded
    rows : DataFrame
        ``accepted`` (True, False, None) and ``accepted_on`` (date or None) of each place.
    """
    out = []
    for now, accepted, on in zip(recorded, rows["accepted"], rows["accepted_on"], strict=True):
        earlier = accepted is not None and (
            now.accepted is None or (on is not None and (now.accepted_on is None or on > now.accepted_on))
        )
        out.append(replace(now, accepted=bool(accepted), accepted_on=on) if earlier else now)
    return tuple(out)


def claimed_places(
    shapes: npt.NDArray[np.object_],
    needs: Sequence[tuple[Layer, ...]],
    claims: pd.DataFrame,
    claim_shapes: npt.NDArray[np.object_],
    share: float,
) -> npt.NDArray[np.bool_]:
    """Return which places an operator claims to cover, by the ground that its polygons cover.

    Parameters
    ----------
    shapes, claim_shapes : object arrays
        Outlines of places and claims, valid polygons in EPSG:6933.
    needs : sequence of tuples of (operator, technology, use)
        What would fill the gap of each place (:func:`geo.register.zones.deciding_layers`).
    claims : DataFrame
        ``operator``, ``technology`` ("": any).
    share : float
        Of the place's area.
    """
    out = np.zeros(len(shapes), dtype=bool)
    area = shapely.area(shapes)
    place, claim = shapely.STRtree(claim_shapes).query(shapes, predicate="intersects")
    named = list(zip(claims["operator"].astype(str), claims["technology"].astype(str), strict=True))
    for i in sorted(set(place.tolist())):
        mine = claim[place == i]
        for operator in sorted({o for o, _, _ in needs[i]}):
            wanted = {t for o, t, _ in needs[i] if o == operator} | {""}
            chosen = [c for c in mine.tolist() if named[c][0] == operator and named[c][1] in wanted]
            covered = shapely.area(shapely.intersection(shapes[i], shapely.union_all(claim_shapes[chosen]))) if chosen else 0.0
            out[i] |= covered > 0 and covered >= share * area[i]
    return out
