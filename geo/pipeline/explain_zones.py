"""Where the figures of a dead zone and of an entry of the register come from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.dead_zones.priority import TERMS
from geo.errors import Bilingual
from geo.io.files import digest
from geo.mapping.labels import count_text, date_text
from geo.pipeline.chain import RunChains
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain_lines import (
    Section,
    Sourced,
    claims_at,
    codes_text,
    column_words,
    decimal,
    figures,
    is_population,
    named_class,
    origin,
    place_sections,
    say,
    section,
)
from geo.pipeline.register_sheet import register_frame_of
from geo.register.zones import deciding_layers, listed
from geo.report.phrases import joined, number_text

__all__ = ["explain_register", "explain_zone"]

_ROAD = "road"
#: What is told of the register in sentences of its own, and not once more as a figure.
_TOLD = ("remark_vi", "remark_en", "register_id")


def explain_zone(run: CompletedRun, chains: RunChains, code: str) -> list[Section]:
    """Return where the figures of a dead zone come from; none where no zone of the run has the id.

    Zones of one operator or one layer (layers of ``layers.gpkg``) are told as well.

    Parameters
    ----------
    run : CompletedRun
    chains : RunChains
    code : str
        dead_zone_id.
    """
    out: list[Section] = []
    for frame in run.zones().values():
        for position in np.flatnonzero(frame["dead_zone_id"].to_numpy(dtype=object) == code):
            out += _zone(run, chains, frame, int(position))
    return out


def _zone(run: CompletedRun, chains: RunChains, frame: gpd.GeoDataFrame, position: int) -> list[Section]:
    row, shape = frame.iloc[position], frame.geometry.iloc[position]
    road = row["class"] == _ROAD
    layers = _layers(run, row)
    lon, lat = float(row["lon"]), float(row["lat"])
    claimed, claim_rows = claims_at(run, shape)
    measured = _measured(run, shape, layers, road=road)
    return [
        Section(_head(row), tuple(_told(run, row, road=road))),
        section("zone_figures", list(_provenance(run, row, road=road))),
        *([section("priority", list(_priority(run, row)))] if not road and math.isfinite(float(row["priority"])) else []),
        *([section("measured", measured)] if measured else []),
        *([section("claims", claimed)] if claimed else []),
        *place_sections(run, chains, lon, lat, "levels_zone", layers=layers),
        section("result", figures(run, "dead_zones", frame.drop(columns="geometry"), position)),
        *origin(run, [*_rows(run, row), *claim_rows]),
    ]


def _layers(run: CompletedRun, row: pd.Series) -> set[tuple[str, str]]:
    """Return the layers that decide a zone: those whose service is missing, and for one operator alone its own too."""
    operators = tuple(dict.fromkeys(operator for operator, _ in run.predicted.coverage.layers))
    counting = tuple(run.settings["coverage"]["counting"])
    if row["class"] in {"white", "weak", "voice_only", "no_4g", "single_operator", "indoor_only", _ROAD} and not row["operator"]:
        return {layer for layer in run.predicted.coverage.layers if layer[1] in counting}
    return {(o, t) for o, t, _ in deciding_layers(row.to_dict(), operators=operators, counting=counting)}


def _head(row: pd.Series) -> Bilingual:
    operator, technology = str(row["operator"]), str(row["technology"])
    named = f"{operator} {technology}".strip()
    name = Bilingual(named, named) if named and row["class"] != _ROAD else column_words("register", "class_new", row["class"])
    return say("head", "zone", code=row["dead_zone_id"], name=name)


def _told(run: CompletedRun, row: pd.Series, *, road: bool) -> Iterator[Bilingual]:
    """Yield what the zone is."""
    settings = run.settings["dead_zones"]
    operator, technology = str(row["operator"]), str(row["technology"])
    missing = codes_text(listed(row["operators_missing"]))
    households = decimal(f"{run.settings['villages']['weak_cluster_households']:g}")
    if technology:
        yield say("zone_classes", "of_layer", operator=operator, technology=technology)
    elif operator and row["class"] != _ROAD:
        yield say("zone_classes", "of_operator", operator=operator)
    else:
        serving = codes_text(listed(row["operators_serving"]))
        yield say("zone_classes", str(row["class"]), missing=missing, serving=serving, households=households)
    if road:
        yield say("zone", "road", length=number_text(float(row["length_km"]), 2), least=decimal(f"{settings['least_road_km']:g}"))
        return
    yield say(
        "zone", "cells", n=count_text(float(row["cells"])), size=number_text(run.predicted.coverage.grid.cell_size),
        area=decimal(f"{settings['least_area_km2']:g}"), people=decimal(f"{settings['least_people']:g}"),
    )  # fmt: skip
    fusion = run.settings["fusion"]
    needed = {"samples": number_text(fusion["evidence_samples"]), "spots": number_text(fusion["evidence_spots"])}
    yield say("zone", f"evidence_{row['evidence']}", **needed)


def _provenance(run: CompletedRun, row: pd.Series, *, road: bool) -> Iterator[Bilingual]:
    """Yield where each figure comes from."""
    if not road:
        yield say("zone", "area", area=number_text(float(row["area_km2"]), 2))
        yield from _people(run, row)
        for name, ids in (("villages", "village_ids"), ("weak_villages", "weak_village_ids"), ("facilities", "facility_ids")):
            codes = listed(row[ids])
            if codes:
                yield say("zone", name, list=_classed(run, codes) if name == "villages" else codes_text(codes))
            elif name != "weak_villages":
                count = row["villages" if name == "villages" else "facilities"]
                yield say("zone", f"{name}_none" if not pd.isna(count) else f"{name}_unknown")
    if row["nearest_site_id"]:
        yield say(
            "zone", "nearest", site=row["nearest_site_id"], operator=row["nearest_site_operator"], km=number_text(float(row["nearest_site_km"]), 2)
        )
    if row["reason"]:
        yield say("zone", "reason", reason=column_words("dead_zones", "reason", row["reason"]), points=str(row["reason_points"]) or "–")
        if row["server_site_id"] and math.isfinite(float(row["shortfall_db"])):
            yield say(
                "zone", "path", operator=row["server_operator"], technology=row["server_technology"], site=row["server_site_id"],
                km=number_text(float(row["server_km"]), 2), shortfall=number_text(float(row["shortfall_db"]), 1),
                diffraction=number_text(float(row["diffraction_db"]), 1),
            )  # fmt: skip
    elif not road:
        yield say("zone", "reason_none")


def _classed(run: CompletedRun, codes: Sequence[str]) -> Bilingual:
    villages = run.result("villages")
    of = {} if villages is None else dict(zip(villages["village_id"], villages["class"], strict=True))
    return joined(named_class(code, of[code]) if code in of else Bilingual(code, code) for code in codes)


def _people(run: CompletedRun, row: pd.Series) -> Iterator[Bilingual]:
    sources = ", ".join(entry["file"] for entry in run.manifest["inputs"] if is_population(run, entry["file"])) or "–"
    if pd.isna(row["population"]):
        yield say("zone", "people_unknown")
        return
    if pd.isna(row["draws"]) or not math.isfinite(float(row["population_low"])):
        yield say("zone", "people_plain", n=count_text(float(row["population"])), source=sources)
    else:
        yield say(
            "zone", "people_drawn", n=count_text(float(row["population"])), low=count_text(float(row["population_low"])),
            high=count_text(float(row["population_high"])), draws=count_text(float(row["draws"])), source=sources,
        )  # fmt: skip
        if not pd.isna(row["population_in_cells"]) and round(float(row["population_in_cells"])) != round(float(row["population"])):
            yield say("zone", "people_in_cells", n=count_text(float(row["population_in_cells"])))


def _priority(run: CompletedRun, row: pd.Series) -> Iterator[Bilingual]:
    """Yield the terms of the priority with their weights, and the sum that they make."""
    settings = run.settings["priorities"]
    weighed, total = 0.0, 0.0
    for term in TERMS:
        value, weight = float(row[f"priority_{term}"]), float(settings[f"{term}_weight"])
        name = column_words("dead_zones", "priority_unknown", term)
        if not math.isfinite(value):
            yield say("priority", "unknown", name=name)
            continue
        weighed, total = weighed + weight, total + weight * value
        yield say("priority", "term", name=name, value=number_text(value, 3), weight=decimal(f"{weight:g}"))
    yield say(
        "priority", "sum", total=number_text(total, 3), weighed=decimal(f"{weighed:g}"), priority=number_text(float(row["priority"]), 3)
    )


def _measured(run: CompletedRun, shape: shapely.Geometry, layers: set[tuple[str, str]], *, road: bool) -> list[Bilingual]:
    """Return the rows of measurements inside a zone, by file; they are those read, counted or not."""
    frame = run.input("measurements")
    if frame is None or road:
        return []
    west, south, east, north = shapely.bounds(shape).tolist()
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north) & frame["operator"].isin({o for o, _ in layers}).to_numpy(bool))
    inside = frame.iloc[near[shapely.contains_xy(shape, lon[near], lat[near])]]
    if inside.empty:
        return [say("zone", "measured_none")]
    lines = []
    for (operator, file, sheet), part in inside.groupby(["operator", "file", "sheet"], sort=True):
        rows = part["row"]
        lines.append(
            say(
                "zone", "measured", operator=operator, n=count_text(len(part)), file=file, sheet=f" [{sheet}]" if sheet else "", first=int(rows.min()),
                last=int(rows.max()),
            )
        )
    return lines


def _rows(run: CompletedRun, row: pd.Series) -> Iterator[Sourced]:
    """Yield the rows of the inputs behind a zone: its villages, facilities, roads, the nearest site and that of the path."""
    villages, settlements = run.result("villages"), run.input("settlements")
    ids = {*listed(row["village_ids"]), *listed(row["weak_village_ids"])}
    if villages is not None and settlements is not None:
        for position in np.flatnonzero(villages["village_id"].isin(ids).to_numpy(bool)):
            yield say("lines", "village_of", code=villages["village_id"].iloc[position]), settlements.iloc[position]
    for kind, key, name, entry in (
        ("facilities", "facility_id", "facility_ids", "facility_of"),
        ("roads", "road_id", "road_ids", "road_of"),
    ):
        table, wanted = run.input(kind), set(listed(row[name]))
        if table is not None and wanted and "row" in table:
            for _, one in table[table[key].isin(wanted)].iterrows():
                yield say("lines", entry, code=one[key]), one
    sites = run.input("sites")
    if sites is not None and row["nearest_site_id"]:
        km = number_text(float(row["nearest_site_km"]), 2)
        mine = (sites["site_id"] == row["nearest_site_id"]) & (sites["operator"] == row["nearest_site_operator"])
        for _, site in sites[mine].iterrows():
            yield say("lines", "site_row", site=site["site_id"], operator=site["operator"], km=km), site
    if sites is not None and row["server_site_id"]:
        mine = (sites["site_id"] == row["server_site_id"]) & (sites["operator"] == row["server_operator"])
        for _, site in sites[mine].iterrows():
            yield say("lines", "server_row", site=site["site_id"], operator=site["operator"]), site


# -- the register


def explain_register(run: CompletedRun, chains: RunChains, code: str) -> list[Section]:
    """Return where an entry of the register that stands beside the run comes from; none without such an entry.

    Parameters
    ----------
    run : CompletedRun
    chains : RunChains
    code : str
        register_id.
    """
    found = run.register()
    if found is None:
        return []
    frame, facts = found
    position = next(iter(np.flatnonzero(frame["register_id"].to_numpy(dtype=object) == code).tolist()), None)
    if position is None:
        return []
    row = frame.iloc[position]
    head = say("head", "register", code=code)
    lines = [Bilingual(str(row["remark_vi"]), str(row["remark_en"]))]
    old, new = facts.get("old", {}), facts.get("new", {})
    stale = new.get("dead_zones_sha256") != digest(run.run.path / "tables" / "dead_zones.csv")
    if stale:
        lines.append(say("register", "stale"))
    lines.append(
        say(
            "register", "reviews", old=old.get("folder", "–"), old_day=date_text(str(old.get("date", "–"))), new=new.get("folder", "–"),
            new_day=date_text(str(new.get("date", "–"))),
        )
    )
    lines.append(say("register", "history", list=codes_text(listed(row["previous_ids"]))))
    sources = list(facts.get("acceptance_rows", {}).get(code, ()))
    lines += [
        say("register", "accepted_row", file=s["file"], sheet=f" [{s['sheet']}]" if s["sheet"] else "", row=s["row"]) for s in sources
    ]
    if row["accepted"] and not sources:
        lines.append(say("register", "accepted_earlier"))
    if row["cause_evidence"]:
        lines += [say("register", "cause", text=part) for part in str(row["cause_evidence"]).split(" | ")]
    lines += [say("register", "file", file=name, sha256=sha) for name, sha in sorted(facts.get("inputs", {}).items())]
    table = register_frame_of(frame)
    told = [Section(head, tuple(lines)), section("register_figures", figures(run, "register", table, position, without=_TOLD))]
    zone = str(row["dead_zone_id"])
    if not zone:
        return [*told, *origin(run, [])]
    return told if stale else [*told, *explain_zone(run, chains, zone)]
