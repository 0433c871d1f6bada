"""Undergrounding and tidying within the stage of the plan: streets and cables put together, ranked, planned, told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from geo.errors import Bilingual
from geo.io.norms import Norms, undergrounding_asked
from geo.pipeline.reading import load_frame
from geo.planning.streets import hung_cable, route_parts
from geo.planning.undergrounding import Stock, plan_undergrounding, section_ids
from geo.planning.undergrounding_settings import UndergroundingSettings
from geo.project import Project
from geo.report.phrases import number_text, phrases
from geo.validation import IssueLog, Source

__all__ = ["STREET_LAYERS", "STREET_TABLES", "undergrounding_frames", "undergrounding_lines"]

STREET_TABLES = ("undergrounding", "undergrounding_projects", "undergrounding_years")
STREET_LAYERS = ("undergrounding",)
_GEOD = Geod(ellps="WGS84")
_FLAGS = ("centre_street", "upgraded", "heritage", "road_works")
_HERITAGE = "heritage"


def undergrounding_frames(
    folder: Path, project: Project, settings: UndergroundingSettings, *, target_share: float, norms: Norms | None, log: IssueLog
) -> tuple[dict[str, pd.DataFrame], Mapping[str, Any] | None]:
    """Return the frames of :data:`STREET_TABLES` and the counts; none where undergrounding is not asked for.

    Parameters
    ----------
    folder : Path
        Of the stage that reads the inputs.
    project : Project
    settings : UndergroundingSettings
    target_share : float
    norms : Norms or None
    log : IssueLog
    """
    streets = load_frame(folder, "streets")
    if streets is None or not undergrounding_asked(project.inputs, project.plan):
        return {}, None
    units, cables, ducts, poles = (load_frame(folder, name) for name in ("units", "cables", "ducts", "poles"))
    roads = load_frame(folder, "roads")
    sections = _sections(streets, roads, units)
    if not len(sections):
        return {}, None
    sections = _heritage(sections, load_frame(folder, "restricted_areas"))
    dug = sections["works_year"].isin(settings.years)
    sections["road_works"] = sections["road_works"].mask(sections["works_year"].notna(), dug).astype("boolean")  # a year says more than a yes
    hung, left = hung_cable(sections, cables, poles, settings, operators=project.operators, elsewhere=roads)
    sections = gpd.GeoDataFrame(pd.concat([sections, hung], axis=1), geometry="geometry", crs=sections.crs)
    sections["free_conduits"] = _free(sections, ducts, settings)
    if left is not None and len(left):
        for name, rows in left.groupby("file", sort=True):
            log.add("cable_over_no_street", Source(str(name)), rows=rows["row"].to_numpy(dtype=np.int64), column="street", came=rows["street"].astype(str).tolist())
    stock = _stock(cables, ducts)
    made = plan_undergrounding(sections, settings, stock=stock, target_share=target_share, this_year=project.date.year, norms=norms)
    frames = dict(zip(STREET_TABLES, (_placed(made.sections), made.projects, made.years), strict=True))
    table, years = made.sections, made.years.iloc[1:]
    record = {
        "sections": len(table), "length_km": _figure(table["length_km"].sum()), "with_cable": int((table["cables_least"] > 0).sum()),
        "cable_unknown": int(((table["cables_least"] <= 0) & table["cables"].isna()).sum()), "projects": len(made.projects), "planned": int(made.projects["year"].notna().sum()),
        "unknown": {name: int(table["unknown"].str.split("; ").map(lambda parts, n=name: n in parts).sum()) for name in ("centre_street", "upgraded", "road_works", "cables", "operators", "heritage")},
        "cables_without_street": None if left is None else len(left), "share": _figure(stock.share), "target": target_share, "target_year": int(settings.target_year),
        "hung_km": _figure(stock.hung_km), "underground_km": _figure(stock.underground_km), "routes_without_length": stock.without_length,
        "years": [{name: _figure(value) for name, value in row.items()} for row in years.to_dict("records")],
        "project_remarks": {str(k): int(n) for k, n in made.projects["remark"].value_counts().sort_index().items() if k},
    }  # fmt: skip
    return frames, record


def _sections(streets: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a row per drawn line: every street, and roads of which works or an upgrade are known."""
    parts = [streets]
    if roads is not None and len(roads):
        told = roads["upgraded"].fillna(False).to_numpy(dtype=bool) | roads["road_works"].fillna(False).to_numpy(dtype=bool) | roads["works_year"].notna().to_numpy(dtype=bool)
        same = roads["road_id"].isin(set(streets["road_id"]))
        parts.append(roads[told & ~same.to_numpy(dtype=bool)])
    frame = gpd.GeoDataFrame(pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True), geometry="geometry", crs=streets.crs)
    lines = frame.geometry.to_numpy()
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    tree = shapely.STRtree(units.geometry.to_numpy())
    at, unit = tree.query(middle, predicate="intersects")
    commune = dict(zip(at[::-1].tolist(), unit[::-1].tolist(), strict=True))  # on a border the first listed
    codes = units["commune_code"].astype(str).to_numpy()
    frame["commune_code"] = [codes[commune[i]] if i in commune else "" for i in range(len(frame))]
    frame["section_id"] = section_ids(frame["road_id"].astype(str).tolist())
    frame["length_km"] = [_GEOD.geometry_length(line) / 1000.0 for line in lines]
    frame["lon"], frame["lat"] = shapely.get_x(middle), shapely.get_y(middle)
    return frame[["section_id", "road_name", "road_class", "commune_code", "length_km", *_FLAGS, "works_year", "lon", "lat", "geometry"]]


def _heritage(sections: gpd.GeoDataFrame, restricted: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return sections with heritage as the street says, else as the layer of restricted areas has it; unknown where that layer tells of no heritage at all."""
    areas = None if restricted is None else restricted[restricted["area_kind"] == _HERITAGE]
    if areas is None or not len(areas):
        return sections
    hits = np.zeros(len(sections), dtype=bool)
    hits[np.unique(shapely.STRtree(areas.geometry.to_numpy()).query(sections.geometry.to_numpy(), predicate="intersects")[0])] = True
    said = sections["heritage"].astype("boolean")
    return sections.assign(heritage=said.mask(said.isna(), pd.Series(hits, index=sections.index)).astype("boolean"))


def _free(sections: gpd.GeoDataFrame, ducts: pd.DataFrame | None, settings: UndergroundingSettings) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the free conduits of the ducts along each section; NaN where no duct is listed there, or one does not say."""
    found = np.full(len(sections), np.nan)
    if ducts is None or not len(ducts):
        return found
    own = ducts[~ducts["planned"].astype(bool)].reset_index(drop=True)
    parts = route_parts(sections, own, settings)
    free = (own["conduits"] - own["conduits_used"]).to_numpy(dtype=float)
    for i in np.unique(parts.section):
        found[i] = float(free[parts.route[parts.section == i]].sum())
    return found


def _stock(cables: pd.DataFrame | None, ducts: pd.DataFrame | None) -> Stock:
    """Return the km that hang and that lie underground as listed."""
    km, without = [], 0
    for frame in (cables, ducts):
        if frame is None:
            km.append(float("nan"))
            continue
        length = frame.loc[~frame["planned"].astype(bool), "length_km"].to_numpy(dtype=float)
        without += int(np.isnan(length).sum())
        km.append(float(np.nansum(length)))
    return Stock(km[0], km[1], without)


def _placed(sections: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table with what a planner reads: the number of cables as far as it is known."""
    return gpd.GeoDataFrame(sections.drop(columns=["road_class"]).rename(columns={"road_name": "street_name"}), geometry="geometry", crs=sections.crs)


def _figure(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def undergrounding_lines(record: Mapping[str, Any] | None) -> list[Bilingual]:
    """Return the figures of the record in sentences."""
    if record is None:
        return []
    said = phrases("results/undergrounding.toml")
    lines = [said.say("said", "sections", n=number_text(record["sections"]), km=number_text(record["length_km"], 1), cable=number_text(record["with_cable"]), unknown=number_text(record["cable_unknown"]))]
    unknown = {k: n for k, n in record["unknown"].items() if n}
    if unknown:
        words = [said.say("criteria", name) for name in unknown]
        listed = Bilingual(*("; ".join(f"{w.text(language)} {n}" for w, n in zip(words, unknown.values(), strict=True)) for language in ("vi", "en")))
        lines.append(said.say("said", "unknown", listed=listed))
    if record["share"] is None:
        lines.append(said.say("said", "share_unknown", target=number_text(100 * record["target"]), year=record["target_year"]))
    else:
        lines.append(
            said.say("said", "share", share=number_text(100 * record["share"], 1), under=number_text(record["underground_km"], 1), hung=number_text(record["hung_km"], 1),
                     target=number_text(100 * record["target"]), year=record["target_year"])
        )  # fmt: skip
    for row in record["years"]:
        fields = {
            "year": int(row["year"]), "projects": number_text(row["projects"] or 0), "km": number_text(row["length_km"] or 0, 2), "cable": _or_unknown(row["cable_km"], 2),
            "tidied": _or_unknown(row["tidied_km"], 2), "cost": _or_unknown(row["cost_vnd"]),
            "bury": _or_unknown(row["cost_underground_vnd"]), "tidy": _or_unknown(row["cost_tidy_vnd"]), "share": _or_unknown(None if row["underground_share"] is None else 100 * row["underground_share"], 1),
            "left": _or_unknown(row["km_to_target"], 1),
        }  # fmt: skip
        lines.append(said.say("said", "year", **fields))
        if row["budget_vnd"] is not None:
            lines[-1] = Bilingual(*(f"{lines[-1].text(lang)} {said.say('said', 'budget', budget=number_text(row['budget_vnd'])).text(lang)}" for lang in ("vi", "en")))
    if record["project_remarks"]:
        why = [(said.say("remarks", name), n) for name, n in record["project_remarks"].items()]
        listed = Bilingual(*("; ".join(f"{w.text(language)}: {n}" for w, n in why) for language in ("vi", "en")))
        lines.append(said.say("said", "not_planned", listed=listed))
    if record["cables_without_street"]:
        lines.append(said.say("said", "without_street", n=number_text(record["cables_without_street"])))
    return lines


def _or_unknown(value: float | None, decimals: int = 0) -> Bilingual:
    return phrases("results/undergrounding.toml").say("said", "not_known") if value is None else number_text(value, decimals)
