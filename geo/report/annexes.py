"""Annexes of the plan in the layouts of provincial systems: masts, underground routes, service points, each with its planned twin (``QH_``).

A twin holds what the last plan had, as the department's list gives it, and what this plan adds: registered lines, proposed sites, streets whose
cable goes underground. Its sheet is named as those systems name theirs, so that it is read back as planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

__all__ = ["ANNEXES", "ANNEX_INPUTS", "annex_frames"]

#: Tables in the order of their sheets.
ANNEXES = ("annex_masts", "annex_masts_planned", "annex_ducts", "annex_ducts_planned", "annex_service_points", "annex_service_points_planned")
#: Inputs that are laid out.
ANNEX_INPUTS = ("masts", "ducts", "service_points")

_MASTS = (
    "number", "mast_id", "mast_name", "address", "lon", "lat", "users", "owner", "commune_name", "mast_class", "mast_kind", "height_m", "building_height_m",
    "shareable", "in_use_since", "certificate_no", "certificate_date", "certificate_expiry", "note",
)  # fmt: skip
_DUCTS = (
    "number", "route_name", "operator", "start_name", "start_lon", "start_lat", "commune_name", "end_name", "end_lon", "end_lat", "street", "length_km", "pavement",
    "kerb_distance_m", "conduits", "conduits_used", "cable_kind", "capacity", "work_class", "shared_use", "note",
)  # fmt: skip
_POINTS = ("number", "point_id", "point_name", "operator", "point_class", "lon", "lat", "commune_name", "address", "note")
_PLANNED = ("year", "plan_origin")
_BEFORE, _THIS = "last_plan", "this_plan"
_COLUMNS = {"masts": _MASTS, "ducts": _DUCTS, "service_points": _POINTS}


def annex_frames(frames: Mapping[str, pd.DataFrame], works: Mapping[str, pd.DataFrame], communes: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return the annexes that a run has something for.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Of the results: ``sites_planned`` and ``undergrounding``, where there are any.
    works : mapping of str to DataFrame
        Of :data:`ANNEX_INPUTS`, those that were given.
    communes : mapping of str to str
        Names by code.
    """
    new = {"masts": _new_masts(frames.get("sites_planned")), "ducts": _new_ducts(frames.get("undergrounding"))}
    out: dict[str, pd.DataFrame] = {}
    for kind in ANNEX_INPUTS:
        given = works.get(kind)
        if given is not None:
            out[f"annex_{kind}"] = _laid_out(_plain(kind, given[~given["planned"].astype(bool)]), communes, _COLUMNS[kind])
        before = None if given is None else _plain(kind, given[given["planned"].astype(bool)]).assign(year=np.nan, plan_origin=_BEFORE)
        parts = [part for part in (before, new.get(kind)) if part is not None and len(part)]
        if parts:
            out[f"annex_{kind}_planned"] = _laid_out(pd.concat(parts, ignore_index=True), communes, (*_COLUMNS[kind], *_PLANNED))
    return out


def _plain(kind: str, frame: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).reset_index(drop=True)
    return rows.rename(columns={"lon": "start_lon", "lat": "start_lat"}) if kind == "ducts" else rows


def _laid_out(frame: pd.DataFrame, communes: Mapping[str, str], columns: Sequence[str]) -> pd.DataFrame:
    named = frame.assign(number=np.arange(1, len(frame) + 1), commune_name=[communes.get(str(c), "") for c in frame["commune_code"]])
    return named.reindex(columns=list(columns))


def _new_masts(planned: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the sites of this plan as masts: new ones, and standing ones that operators come to or upgrade."""
    if planned is None or not len(planned):
        return None
    return pd.DataFrame(
        {
            "mast_id": planned["site_id"], "lon": planned["lon"], "lat": planned["lat"], "users": planned["operators"], "commune_code": planned["commune_code"],
            "mast_class": planned["mast_class"], "height_m": planned["height_m"], "note": planned["reason"], "year": planned["year"], "plan_origin": _THIS,
        }
    )  # fmt: skip


def _new_ducts(streets: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the streets whose cable this plan puts underground as routes; their class and conduits are still to be designed."""
    if streets is None:
        return None
    buried = streets[streets["action"] == "underground"]
    if not len(buried):
        return None
    ends = buried.geometry.get_coordinates() if "geometry" in buried else None
    first = None if ends is None else ends.groupby(level=0).first().reindex(buried.index)
    last = None if ends is None else ends.groupby(level=0).last().reindex(buried.index)
    return pd.DataFrame(
        {
            "route_name": buried["project_id"].astype(str) + " " + buried["section_id"].astype(str), "operator": buried["operators"], "street": buried["street_name"],
            "commune_code": buried["commune_code"], "length_km": buried["length_km"], "year": buried["year"], "plan_origin": _THIS,
            "start_lon": np.nan if first is None else first["x"], "start_lat": np.nan if first is None else first["y"],
            "end_lon": np.nan if last is None else last["x"], "end_lat": np.nan if last is None else last["y"],
        }
    ).reset_index(drop=True)  # fmt: skip
