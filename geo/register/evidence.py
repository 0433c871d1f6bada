"""What a review shows of a place: how many of its people are served, how that is known, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.coverage import TECHNOLOGIES, State
from geo.register.zones import listed

__all__ = ["Shares", "VillageCounts", "state_shares", "village_counts"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
DayArray = npt.NDArray[np.datetime64]
UInt8 = npt.NDArray[np.uint8]

_SERVED, _UNSERVED, _OPEN = "served", "unserved", "open"


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of each place's people, or of its cells, by what the review says of them; they sum to 1.

    Attributes
    ----------
    measured : (places,) float64 array
        Service measured after the day that matters for the place. NaN in all where nothing was looked at.
    measured_before : (places,) float64 array
        Service measured on or before it, or without a date.
    predicted, uncertain, unserved, unknown : (places,) float64 array
    basis : (places,) object array
        ``people``, ``cells`` or "".
    last_measured : (places,) datetime64[D] array
        Latest dated measurement of service; NaT for none.
    unserved_on : (places,) datetime64[D] array
        Latest dated measurement of no service.
    """

    measured: FloatArray
    measured_before: FloatArray
    predicted: FloatArray
    uncertain: FloatArray
    unserved: FloatArray
    unknown: FloatArray
    basis: npt.NDArray[np.object_]
    last_measured: DayArray
    unserved_on: DayArray

    @property
    def served(self) -> FloatArray:
        """Share served, however it is known."""
        return self.measured + self.measured_before + self.predicted


def state_shares(
    places: IntArray, count: int, state: UInt8, people: FloatArray, measured_on: DayArray, since: DayArray
) -> Shares:
    """Return the shares of each place by the states of its cells.

    People count where those of all its cells are known and not zero together, else the cells.

    Parameters
    ----------
    places : (k,) int64 array
        Position of each cell's place.
    count : int
        Number of places.
    state : (k,) uint8 array
        Outside counts as unknown: the review does not speak of it.
    people : (k,) float64 array
        NaN where not known.
    measured_on : (k,) datetime64[D] array
    since : (places,) datetime64[D] array
        A measurement counts if it is later.
    """
    total = np.bincount(places, np.nan_to_num(people), minlength=count)
    lacking = np.bincount(places, ~np.isfinite(people), minlength=count)
    cells = np.bincount(places, minlength=count)
    of_people = (total > 0) & (lacking == 0)
    weight = np.where(of_people[places], np.nan_to_num(people), 1.0)
    whole = np.where(of_people, total, cells)
    after = measured_on > since[places]  # False for NaT
    served = state == State.MEASURED_SERVED
    parts = {
        "measured": served & after,
        "measured_before": served & ~after,
        "predicted": state == State.PREDICTED_SERVED,
        "uncertain": state == State.UNCERTAIN,
        "unserved": np.isin(state, (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)),
        "unknown": np.isin(state, (State.UNKNOWN, State.OUTSIDE)),
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {name: np.bincount(places, weight * mask, minlength=count) / whole for name, mask in parts.items()}
    basis = np.where(of_people, "people", np.where(cells > 0, "cells", "")).astype(object)
    counted = weight > 0
    return Shares(
        **shares,
        basis=basis,
        last_measured=_latest(places, count, measured_on, served & counted),
        unserved_on=_latest(places, count, measured_on, (state == State.MEASURED_UNSERVED) & counted),
    )


def _latest(places: IntArray, count: int, day: DayArray, mask: npt.NDArray[np.bool_]) -> DayArray:
    latest = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    chosen = mask & ~np.isnat(day)
    order = np.argsort(day[chosen], kind="stable")
    latest[places[chosen][order]] = day[chosen][order]  # the last one written is the latest
    return latest


@dataclass(frozen=True, slots=True)
class VillageCounts:
    """Villages whose representative point lies in each place.

    Attributes
    ----------
    served, unserved, open : (places,) int64 array
        By what their points get of the service that the place lacked.
    measured_share : (places,) float64 array
        Of the villages' people (of the villages, where people are not known): served, and measured after the
        day that matters for the place. NaN without a village.
    measured_before : (places,) bool array
        Service was measured in one, on or before that day or without a date.
    last_measured : (places,) datetime64[D] array
    """

    served: IntArray
    unserved: IntArray
    open: IntArray
    measured_share: FloatArray
    measured_before: npt.NDArray[np.bool_]
    last_measured: DayArray


def village_counts(
    villages: pd.DataFrame | None,
    places: pd.DataFrame,
    shapes: npt.NDArray[np.object_],
    since: DayArray,
    state_columns: Mapping[tuple[str, str], str],
) -> VillageCounts:
    """Return what the villages of a review say of places.

    Parameters
    ----------
    villages : DataFrame or None
        ``villages.csv``: lon, lat, class, weak, operators_serving, operators_undecided, best_technology,
        population, evidence, last_measured; columns of states by operator and technology where it has them.
    places : DataFrame
        ``operator``, ``technology``, ``class``, ``operators_missing``.
    shapes : (places,) object array
        Outlines in EPSG:4326.
    since : (places,) datetime64[D] array
        A measurement counts if it is later.
    state_columns : mapping
        Column of ``villages`` by (operator, technology).
    """
    count = len(places)
    counts = {name: np.zeros(count, dtype=np.int64) for name in (_SERVED, _UNSERVED, _OPEN)}
    share, before = np.full(count, np.nan), np.zeros(count, dtype=bool)
    latest = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    if villages is None or villages.empty or not count:
        return VillageCounts(counts[_SERVED], counts[_UNSERVED], counts[_OPEN], share, before, latest)
    points = np.asarray(shapely.points(villages["lon"].to_numpy(float), villages["lat"].to_numpy(float)), dtype=object)
    place, village = shapely.STRtree(points).query(shapes, predicate="intersects")
    rows = villages.to_dict("records")
    about = places.to_dict("records")
    day = pd.to_datetime(villages["last_measured"], errors="coerce").to_numpy().astype("datetime64[D]")
    measured = villages["evidence"].isin(["measured", "both"]).to_numpy(dtype=bool)
    people = pd.to_numeric(villages["population"], errors="coerce").to_numpy(float)
    for i in sorted(set(place.tolist())):
        said = {int(v): _village_says(rows[v], about[i], state_columns) for v in sorted(village[place == i].tolist())}
        mine = [v for v, word in said.items() if word]
        if not mine:
            continue
        for v in mine:
            counts[said[v]][i] += 1
        weight = people[mine] if np.isfinite(people[mine]).all() and people[mine].sum() > 0 else np.ones(len(mine))
        seen = np.array([said[v] == _SERVED for v in mine]) & measured[mine]
        after = seen & (day[mine] > since[i])
        share[i] = float((weight * after).sum() / weight.sum())
        before[i] = bool((seen & ~after).any())
        dated = day[mine][seen & ~np.isnat(day[mine])]
        latest[i] = dated.max() if len(dated) else np.datetime64("NaT")
    return VillageCounts(counts[_SERVED], counts[_UNSERVED], counts[_OPEN], share, before, latest)


def _village_says(village: Mapping[str, object], place: Mapping[str, object], columns: Mapping[tuple[str, str], str]) -> str:
    """Return served, unserved or open: what a village's point gets of what the place lacked; "" if it cannot say.

    A flag ``weak`` decides for weak zones, the state of the layer for those of one operator and technology,
    the best technology for those that lack a generation, the operators serving for all others.
    """
    if place["technology"]:
        state = str(village.get(columns.get((str(place["operator"]), str(place["technology"])), ""), ""))
        return {"measured_served": _SERVED, "predicted_served": _SERVED, "predicted_unserved": _UNSERVED,
                "measured_unserved": _UNSERVED, "": ""}.get(state, _OPEN)  # fmt: skip
    serving = listed(village["operators_serving"])
    open_ = [name.partition("=")[0] for name in listed(village["operators_undecided"])]
    of_class = str(village["class"])
    if place["class"] == "weak" and not place["operator"]:
        weak = str(village["weak"]).upper()
        if of_class in {"white", "undecided"}:
            return _UNSERVED if of_class == "white" else _OPEN
        return {"TRUE": _UNSERVED, "FALSE": _SERVED}.get(weak, "")
    if place["class"] == "indoor_only" or (place["operator"] and place["class"] in {"no_4g", "voice_only"}):
        return ""
    if place["class"] in {"no_4g", "voice_only"}:
        if not serving:
            return _OPEN if open_ else _UNSERVED
        oldest = "4G" if place["class"] == "no_4g" else "3G"
        best = str(village["best_technology"])
        if best in TECHNOLOGIES and TECHNOLOGIES.index(best) >= TECHNOLOGIES.index(oldest):
            return _SERVED
        return _UNSERVED if of_class in {"no_4g", "voice_only"} else _OPEN
    wanted: Sequence[str] = (str(place["operator"]),) if place["operator"] else listed(place["operators_missing"])
    if any(name in serving for name in wanted) or (not wanted and serving):
        return _SERVED
    return _OPEN if any(name in open_ for name in wanted) or (not wanted and open_) else _UNSERVED
