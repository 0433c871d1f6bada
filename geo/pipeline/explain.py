"""Where a figure comes from: from a village, facility, commune, site, dead zone or register entry back to cells, rules, rows and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from geo.errors import Bilingual, InputError
from geo.mapping.labels import column_entries, date_text, phrase, share_text
from geo.mapping.labels import section as strings
from geo.pipeline.chain import RunChains
from geo.pipeline.chain_words import field_name
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain_lines import (
    Section,
    Sourced,
    claims_at,
    column_words,
    cuts,
    decimal,
    figures,
    is_population,
    named_class,
    origin,
    place_of_row,
    place_sections,
    say,
    section,
)
from geo.pipeline.explain_zones import explain_register, explain_zone
from geo.pipeline.places import Place, place_of
from geo.report.phrases import joined, number_text
from geo.text import clean, fold

__all__ = ["Section", "explain"]

_NEAR = 5
_SITE_FACTS = (
    "status", "technologies", "on_air_date", "structure_height_m", "building_height_m", "mast_class", "mast_id", "owner",
    "commune_code", "lon", "lat", "note",
)  # fmt: skip
_CELL_FACTS = (
    "frequency_mhz",
    "azimuth_deg",
    "antenna_height_m",
    "power_dbm",
    "antenna_gain_dbi",
    "bandwidth_mhz",
)
#: Technologies whose carriers have one bandwidth only.
_FIXED_BANDWIDTH = ("2G", "3G")


def explain(folder: Path | CompletedRun, code: str, *, project_file: Path | None = None) -> list[Section]:
    """Return where the figures of a place, area or zone come from, or what a site brings into them.

    Parameters
    ----------
    folder : Path or CompletedRun
        Run folder, or the run once opened.
    code : str
        village_id, facility_id, commune_code, site_id, dead_zone_id or register_id, or longitude and latitude
        (:func:`geo.pipeline.places.coordinates_of`).
    project_file : Path, optional
        Of the run, where it is not found by itself.

    Raises
    ------
    InputError
        If the folder holds no complete run, nothing has the code, or the coordinates are not clear.
    """
    run = folder if isinstance(folder, CompletedRun) else CompletedRun(folder)
    chains = RunChains(run, project_file)
    sections: list[Section] = []
    for name, key, tell in (
        ("villages", "village_id", _village),
        ("facilities", "facility_id", _facility),
    ):
        frame = run.result(name)
        if frame is not None:
            for position in np.flatnonzero(frame[key].to_numpy(dtype=object) == code):
                sections += tell(run, chains, frame, int(position))
    communes, villages = run.result("communes"), run.result("villages")
    for position in np.flatnonzero(communes["commune_code"].to_numpy(dtype=object) == code):
        sections += _commune(run, communes, villages, int(position))
    sites = run.input("sites")
    if sites is not None:
        for position in np.flatnonzero(sites["site_id"].to_numpy(dtype=object) == code):
            sections += _site(run, sites.iloc[int(position)], villages)
    sections += _unplaced(run, code)
    sections += explain_zone(run, chains, code)
    sections += explain_register(run, chains, code)
    if not sections:
        place = place_of(run, code)
        if place is not None:
            return _point(run, chains, place)
        near = ", ".join(_near(run, code)) or "–"
        raise InputError(
            f"Không thôn, cơ sở, xã, trạm, vùng lõm sóng hay mục nào của sổ theo dõi có mã '{code}'. Mã gần giống, hoặc của tên giống vậy: {near}.",
            f"No village, facility, commune, site, dead zone or entry of the register has the code '{code}'. Codes like it, or of such a name: "
            f"{near}.",
        )
    return sections


def _point(run: CompletedRun, chains: RunChains, place: Place) -> list[Section]:
    """Return what the run has at a point, and how it came about."""
    told = place_sections(run, chains, place.lon, place.lat, "levels_point")
    name = Bilingual(place.name.vi[:1].upper() + place.name.vi[1:], place.name.en[:1].upper() + place.name.en[1:])
    claimed, rows = claims_at(run, shapely.Point(place.lon, place.lat)) if told else ([], [])
    head = Section(name, () if told else (say("lines", "off_grid"),))
    return [head, *told, *([section("claims", claimed)] if claimed else []), *origin(run, rows)]


def _near(run: CompletedRun, code: str) -> Iterator[str]:
    """Yield codes like one that nothing has: those that hold it or whose name does, else those that begin alike."""
    wanted = fold(code)
    register = run.register()
    frames = [
        (run.result("villages"), "village_id", "village_name"),
        (run.result("facilities"), "facility_id", "facility_name"),
        (run.result("communes"), "commune_code", "commune_name"),
        (run.input("sites"), "site_id", "site_name"),
        (run.input("unplaced"), "site_id", ""),
        *((zones, "dead_zone_id", "") for zones in run.zones().values()),
        (None if register is None else register[0], "register_id", ""),
    ]
    pairs = [
        [(clean(c), clean(n)) for c, n in zip(frame[key], frame[name] if name else [""] * len(frame), strict=True)]
        for frame, key, name in frames
        if frame is not None
    ]
    if not wanted:
        return
    found = [[(c, n) for c, n in part if wanted in fold(c) or wanted in fold(n)] for part in pairs]
    while not any(found) and len(wanted) > 1:  # nothing has it: what begins as it does
        wanted = wanted[:-1]
        found = [[(c, n) for c, n in part if fold(c).startswith(wanted)] for part in pairs]
    for part in found:
        yield from (f"{c} ({n})" if n else c for c, n in part[:_NEAR])


def _village(run: CompletedRun, chains: RunChains, villages: pd.DataFrame, position: int) -> list[Section]:
    row = villages.iloc[position]
    source = run.input("settlements").iloc[position]
    head = say(
        "head", "village", code=row["village_id"], name=row["village_name"], commune=row["commune_code"]
    )
    households = decimal(f"{run.settings['villages']['weak_cluster_households']:g}")
    result = [_class_line(run, row, households)]
    if np.isfinite(float(row.get("cluster_lon", np.nan))):
        about = {name: number_text(float(row[f"cluster_{name}"]), 5) for name in ("lon", "lat")}
        basis = column_words("villages", "cluster_basis", row["cluster_basis"])
        result.append(say("zone", "cluster", households=number_text(float(row["cluster_households"]), 1), basis=basis, **about))
    if pd.isna(row["weak"]):
        chance = float(row.get("weak_probability", np.nan))
        known = np.isfinite(chance)
        result.append(say("lines", "weak_open", chance=share_text(chance)) if known else say("lines", "weak_unknown"))
    elif row["weak"] and row["class"] != "weak":
        result.append(say("lines", "weak_too", households=households))
    return _place(run, chains, row, head, result, [(say("lines", "village_row"), source)], figures(run, "villages", villages, position))


def _facility(run: CompletedRun, chains: RunChains, facilities: pd.DataFrame, position: int) -> list[Section]:
    row = facilities.iloc[position]
    given = run.input("facilities")
    source = given[given["facility_id"].to_numpy(dtype=object) == row["facility_id"]]
    kind = column_words("facilities", "facility_kind", row["facility_kind"])
    head = say("head", "facility", code=row["facility_id"], name=row["facility_name"], kind=kind, commune=row["commune_code"])
    rows = [(say("lines", "facility_row"), one) for _, one in source.iterrows()]
    return _place(run, chains, row, head, [_class_line(run, row)], rows, figures(run, "facilities", facilities, position))


def _class_line(run: CompletedRun, row: pd.Series, households: Bilingual | str = "") -> Bilingual:
    """Return the class in words, and what it means with the operators of the place."""
    serving = str(row["operators_serving"])
    names = Bilingual(serving.replace("; ", ", "), serving.replace("; ", ", "))
    technology = str(row["best_technology"]) or "–"
    meaning = say("classes", row["class"], households=households, operators=names, technology=technology)
    return say("lines", "class", name=phrase(f"class_names.{row['class']}"), meaning=meaning)


def _place(
    run: CompletedRun, chains: RunChains, row: pd.Series, head: Bilingual, result: list[Bilingual], rows: list[Sourced], table: list[Bilingual]
) -> list[Section]:
    """Return what is told of a village or a facility: its class, levels, figures, and where they were read."""
    sites = run.input("sites")
    if sites is not None and row["nearest_site_id"]:
        # The same code may stand in two operators' lists: every row that has it is named.
        for _, site in sites[sites["site_id"] == row["nearest_site_id"]].iterrows():
            km = number_text(row["nearest_site_km"], 2)
            rows.append(
                (say("lines", "site_row", site=site["site_id"], operator=site["operator"], km=km), site)
            )
    table_name = "villages" if "village_id" in row.index else "facilities"
    if row["operators_undecided"]:
        result.append(say("lines", "undecided", list=column_words(table_name, "operators_undecided", row["operators_undecided"])))
    lon, lat = float(row["lon"]), float(row["lat"])
    claimed, claim_rows = claims_at(run, shapely.Point(lon, lat)) if np.isfinite(lon) and np.isfinite(lat) else ([], [])
    order = say("lines", "class_order" if table_name == "villages" else "class_order_facility")
    return [
        Section(head, (*result, order)),
        *(place_sections(run, chains, lon, lat) or [section("levels", [say("lines", "off_grid")])]),
        *([section("claims", claimed)] if claimed else []),
        section("result", table),
        *origin(run, [*rows, *claim_rows]),
    ]


def _commune(
    run: CompletedRun, communes: pd.DataFrame, villages: pd.DataFrame | None, position: int
) -> list[Section]:
    row = communes.iloc[position]
    head = say("head", "commune", code=row["commune_code"], name=row["commune_name"])
    predicted = run.predicted
    states = predicted.coverage.all_state(tuple(run.settings["coverage"]["counting"]))
    codes, counts = np.unique(states[predicted.index == position], return_counts=True)
    cells = [
        say("lines", "counts", state=say("states", str(c)), n=int(n))
        for c, n in zip(codes, counts, strict=True)
    ]
    people = [
        entry["file"]
        for entry in run.manifest["inputs"]
        if any(table["kind"] == "population" for table in entry["tables"])
    ]
    rasters = [
        entry["file"] for entry in run.manifest["inputs"] if entry["file"].lower().endswith((".tif", ".tiff"))
    ]
    sources = [*people, *(name for name in rasters if is_population(run, name))]
    lines = [say("lines", "population", source=", ".join(sources) or say("lines", "unknown"))]
    if villages is not None:
        own = villages[villages["commune_code"] == row["commune_code"]]
        listing = joined(
            [named_class(v, c) for v, c in own[["village_id", "class"]].itertuples(index=False)]
        )
        lines.append(say("lines", "villages", list=listing))
    rows = [(say("lines", "commune_row"), run.input("units").iloc[position])]
    table = run.input("population")
    if table is not None and "commune_code" in table:
        for _, of in table[table["commune_code"].to_numpy(dtype=object) == row["commune_code"]].iterrows():
            rows.append((say("lines", "population_row"), of))
    return [
        Section(head, tuple(lines)),
        section("cells", [*cells, cuts(run)]),
        section("result", figures(run, "communes", communes, position)),
        *origin(run, rows),
    ]


def _site(run: CompletedRun, site: pd.Series, villages: pd.DataFrame | None) -> list[Section]:
    """Return what is known of a site, its cells, what it is nearest to, and where that was read."""
    name = clean(site["site_name"]) if _given(site["site_name"]) else ""
    head = say(
        "head", "site", code=site["site_id"], operator=site["operator"], name=f" – {name}" if name else ""
    )
    facts = [
        say("lines", "fact", name=_caption(k), value=_fact(k, site[k]))
        for k in _SITE_FACTS
        if _given(site[k])
    ]
    cells = run.input("cells")
    own = cells[(cells["site_id"] == site["site_id"]) & (cells["operator"] == site["operator"])]
    rows = [(say("lines", "site"), site)]
    filled = _filled(run, site)
    lines = []
    for _, cell in own.iterrows():
        known = joined(say("cell", k, value=decimal(f"{cell[k]:g}")) for k in _CELL_FACTS if _given(cell[k]))
        key = (str(cell["cell_id"]) if _given(cell["cell_id"]) else "", str(cell["technology"]))
        predicted = key in filled
        missing = filled[key] if predicted else _lacking(cell)
        code = clean(cell["cell_id"]) if _given(cell["cell_id"]) else "–"
        lacks = say("lines", "missing" if predicted else "missing_unused", list=joined(missing)) if missing else ""
        lines.append(
            say(
                "lines",
                "cell",
                code=code,
                technology=cell["technology"] or say("lines", "technology_unknown"),
                status=phrase(f"site_status.{cell['status']}"),
                known=known,
                missing=lacks if predicted else say("lines", "not_predicted", missing=lacks),
            )
        )
        if place_of_row(cell) not in {place_of_row(row) for _, row in rows}:
            rows.append((say("lines", "cell_row", code=code), cell))
    if villages is not None:
        near = villages[villages["nearest_site_id"] == site["site_id"]]
        listing = joined(
            named_class(v, c) for v, c in near[["village_id", "class"]].itertuples(index=False)
        )
        facts.append(say("lines", "nearest_to", list=listing))
    return [
        Section(head, tuple(facts)),
        section("site_cells", lines or [say("lines", "no_cells")]),
        *origin(run, rows),
    ]


def _unplaced(run: CompletedRun, code: str) -> list[Section]:
    """Return what is known of a site whose position is not."""
    frame = run.input("unplaced")
    if frame is None:
        return []
    out: list[Section] = []
    for _, row in frame[frame["site_id"].to_numpy(dtype=object) == code].iterrows():
        head = say("head", "site", code=code, operator=row["operator"] or "–", name="")
        communes = str(row["commune_codes"]).replace(";", ", ")
        line = say("lines", "unplaced", list=communes) if communes else say("lines", "unplaced_anywhere")
        out += [Section(head, (line,)), *origin(run, [(say("lines", "site"), row)])]
    return out


def _filled(run: CompletedRun, site: pd.Series) -> dict[tuple[str, str], list[Bilingual]]:
    """Return what the prediction filled in for a site's radio cells, by cell and technology."""
    radio = run.radio_cells()
    if radio is None:
        return {}
    own = radio[0][(radio[0]["site_id"] == site["site_id"]) & (radio[0]["operator"] == site["operator"])]
    return {
        (cell, technology): [field_name(name) for name in names.split(",") if name]
        for cell, technology, names in own[["cell_id", "technology", "defaults"]].itertuples(index=False)
    }


def _lacking(cell: pd.Series) -> list[Bilingual]:
    """Return what the list lacks of a cell that was not predicted; in 2G and 3G no bandwidth is asked for."""
    asked = [k for k in _CELL_FACTS if k != "bandwidth_mhz" or cell["technology"] not in _FIXED_BANDWIDTH]
    return [field_name(k) for k in asked if not _given(cell[k])]


def _given(value: Any) -> bool:
    return not pd.isna(value) and value != ""


def _caption(name: str) -> Bilingual:
    entry = column_entries()[name]
    return Bilingual(entry["vi"], entry["en"])


def _fact(name: str, value: Any) -> Bilingual:
    """Return a field of a site as a person reads it."""
    if name == "status" and str(value) in strings("site_status"):
        return phrase(f"site_status.{value}")
    if name == "on_air_date":
        return date_text(str(value)[:10])
    if isinstance(value, float | np.floating):
        return decimal(f"{value:.6f}".rstrip("0").rstrip("."))
    return Bilingual(str(value), str(value))
