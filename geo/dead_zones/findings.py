"""What is to be said about the dead zones found: what is not listed, not known, or only approximate."""

from __future__ import annotations

import numpy as np

from geo.dead_zones.find import DeadZones, ZoneSet
from geo.validation import IssueLog, Source

__all__ = ["state_findings"]

_SOURCE = Source("project")


def state_findings(found: DeadZones, log: IssueLog) -> None:
    """State what the zones over all operators and the roads leave out.

    Parameters
    ----------
    found : DeadZones
    log : IssueLog
    """
    if found.all is not None:
        _state_zones(found.all, log)
    if found.roads is not None:
        if found.roads.short:
            log.add("dead_roads_short", _SOURCE, fields={"segments": str(found.roads.short), **_both("km", found.roads.short_km, 1)})
        open_km = found.roads.km["uncertain"] + found.roads.km["unknown"]
        if open_km > 0:
            every = sum(found.roads.km.values())
            log.add("dead_roads_undecided", _SOURCE, fields={**_both("km", open_km, 1), **_both("all", every, 1)})


def _both(name: str, value: float, decimals: int) -> dict[str, str]:
    """Return a number as each language writes it; what is not known is said."""
    if np.isnan(value):
        return {f"{name}_vi": "chưa rõ số", f"{name}_en": "an unknown number of"}
    text = f"{value:.{decimals}f}"
    return {f"{name}_vi": text.replace(".", ","), f"{name}_en": text}


def _state_zones(found: ZoneSet, log: IssueLog) -> None:
    sieved, frame = found.sieved, found.frame
    if sieved["zones"].sum():
        people = float(sieved["population"].sum(min_count=1))
        area = float(sieved["area_km2"].sum())
        about = {"zones": str(int(sieved["zones"].sum())), **_both("km2", area, 2), **_both("people", people, 0)}
        log.add("dead_zones_sieved", _SOURCE, fields=about)
    without = frame["population"].isna()
    if without.any():
        log.add("dead_zones_without_people", _SOURCE, fields={"zones": str(int(without.sum())), "all": str(len(frame))})
    partly = ~without & (frame["population_unknown_km2"] > 0)
    if partly.any():
        km2 = float(frame.loc[partly, "population_unknown_km2"].sum())
        log.add("dead_zones_people_in_part", _SOURCE, fields={"zones": str(int(partly.sum())), **_both("km2", km2, 2)})
    unexplained = frame["reason"].eq("") & frame["class"].ne("indoor_only")
    if unexplained.any():
        log.add("dead_zones_without_reason", _SOURCE, fields={"zones": str(int(unexplained.sum())), "all": str(len(frame))})
    if found.cut:
        log.add("dead_zones_drawn_in_parts", _SOURCE, fields={"zones": str(len(found.cut))})
