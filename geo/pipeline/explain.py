"""Where a figure comes from: from a village, commune or site back to cells, rules, rows and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.coverage import Reason, State
from geo.errors import Bilingual, InputError
from geo.mapping.labels import column_entries, count_text, date_text, phrase, section, share_text
from geo.pipeline.completed import CompletedRun
from geo.pipeline.places import Place, place_of
from geo.pipeline.reading import load_issues
from geo.pipeline.showing import model_name
from geo.report.phrases import joined, number_text, phrases
from geo.report.tables import ResultColumn, arrange, in_words, result_table
from geo.text import clean, fold

__all__ = ["Section", "explain", "field_name", "level_lines"]

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


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    title: Bilingual
    lines: tuple[Bilingual, ...]


def _say(section: str, entry_name: str, /, **fields: object) -> Bilingual:
    return phrases("results/explain.toml").say(section, entry_name, **fields)


def _section(name: str, lines: list[Bilingual]) -> Section:
    return Section(_say("sections", name), tuple(lines))


def explain(folder: Path | CompletedRun, code: str) -> list[Section]:
    """Return where the figures of a village, commune or point come from, or what a site brings into them.

    Parameters
    ----------
    folder : Path or CompletedRun
        Run folder, or the run once opened.
    code : str
        village_id, commune_code or site_id, or longitude and latitude (:func:`geo.pipeline.places.coordinates_of`).

    Raises
    ------
    InputError
        If the folder holds no complete run, nothing has the code, or the coordinates are not clear.
    """
    run = folder if isinstance(folder, CompletedRun) else CompletedRun(folder)
    villages, communes = run.result("villages"), run.result("communes")
    sections: list[Section] = []
    if villages is not None:
        for position in np.flatnonzero(villages["village_id"].to_numpy(dtype=object) == code):
            sections += _village(run, villages, int(position))
    for position in np.flatnonzero(communes["commune_code"].to_numpy(dtype=object) == code):
        sections += _commune(run, communes, villages, int(position))
    sites = run.input("sites")
    if sites is not None:
        for position in np.flatnonzero(sites["site_id"].to_numpy(dtype=object) == code):
            sections += _site(run, sites.iloc[int(position)], villages)
    if not sections:
        place = place_of(run, code)
        if place is not None:
            return _point(run, place)
        near = ", ".join(_near(code, villages, communes, sites)) or "–"
        raise InputError(
            f"Không thôn, xã hay trạm nào có mã '{code}'. Mã gần giống, hoặc của tên giống vậy: {near}.",
            f"No village, commune or site has the code '{code}'. Codes like it, or of such a name: {near}.",
        )
    return sections


def _point(run: CompletedRun, place: Place) -> list[Section]:
    """Return what the run predicted at a point, and how."""
    levels = list(level_lines(run, place.lon, place.lat))
    name = Bilingual(place.name.vi[:1].upper() + place.name.vi[1:], place.name.en[:1].upper() + place.name.en[1:])
    head = Section(name, () if levels else (_say("lines", "off_grid"),))
    levels = [*levels, _cuts(run)] if levels else []
    return [head, *([_section("levels_point", levels)] if levels else []), *_origin(run, [])]


def _near(
    code: str, villages: pd.DataFrame | None, communes: pd.DataFrame, sites: pd.DataFrame | None
) -> list[str]:
    wanted = fold(code)
    found: list[str] = []
    for frame, key, name in (
        (villages, "village_id", "village_name"),
        (communes, "commune_code", "commune_name"),
        (sites, "site_id", "site_name"),
    ):
        if frame is None or not wanted:
            continue
        pairs = [(clean(c), clean(n)) for c, n in zip(frame[key], frame[name], strict=True)]
        hits = [(c, n) for c, n in pairs if wanted in fold(c) or wanted in fold(n)]
        found += [f"{c} ({n})" if n else c for c, n in hits[:_NEAR]]
    return found


def _village(run: CompletedRun, villages: pd.DataFrame, position: int) -> list[Section]:
    row = villages.iloc[position]
    source = run.input("settlements").iloc[position]
    head = _say(
        "head", "village", code=row["village_id"], name=row["village_name"], commune=row["commune_code"]
    )
    meaning = _say(
        "classes", row["class"], households=_decimal(f"{run.settings['villages']['weak_cluster_households']:g}")
    )
    rows = [(_say("lines", "village_row"), source)]
    sites = run.input("sites")
    if sites is not None and row["nearest_site_id"]:
        # The same code may stand in two operators' lists: every row that has it is named.
        for _, site in sites[sites["site_id"] == row["nearest_site_id"]].iterrows():
            km = number_text(row["nearest_site_km"], 2)
            rows.append(
                (_say("lines", "site_row", site=site["site_id"], operator=site["operator"], km=km), site)
            )
    result = [_say("lines", "class", name=phrase(f"class_names.{row['class']}"), meaning=meaning)]
    if row["operators_undecided"]:
        column = next(c for c in result_table("villages").columns if c.name == "operators_undecided")
        result.append(_say("lines", "undecided", list=_words(row["operators_undecided"], column)))
    return [
        Section(head, (*result, _say("lines", "class_order"))),
        _section("levels", [*level_lines(run, float(row["lon"]), float(row["lat"])), _cuts(run)]),
        _section("result", _figures(run, "villages", villages, position)),
        *_origin(run, rows),
    ]


def _commune(
    run: CompletedRun, communes: pd.DataFrame, villages: pd.DataFrame | None, position: int
) -> list[Section]:
    row = communes.iloc[position]
    head = _say("head", "commune", code=row["commune_code"], name=row["commune_name"])
    predicted = run.predicted
    states = predicted.coverage.all_state(tuple(run.settings["coverage"]["counting"]))
    codes, counts = np.unique(states[predicted.index == position], return_counts=True)
    cells = [
        _say("lines", "counts", state=_say("states", str(c)), n=int(n))
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
    sources = [*people, *(name for name in rasters if _is_population(run, name))]
    lines = [_say("lines", "population", source=", ".join(sources) or _say("lines", "unknown"))]
    if villages is not None:
        own = villages[villages["commune_code"] == row["commune_code"]]
        listing = joined(
            [_named_class(v, c) for v, c in own[["village_id", "class"]].itertuples(index=False)]
        )
        lines.append(_say("lines", "villages", list=listing))
    return [
        Section(head, tuple(lines)),
        _section("cells", [*cells, _cuts(run)]),
        _section("result", _figures(run, "communes", communes, position)),
        *_origin(run, [(_say("lines", "commune_row"), run.input("units").iloc[position])]),
    ]


def _is_population(run: CompletedRun, name: str) -> bool:
    stages = {stage["name"]: stage for stage in run.manifest["stages"]}
    entries = stages["inputs"]["settings"]["inputs"].get("population", [])
    return any(Path(name).match(str(entry.get("path", ""))) for entry in entries)


def _named_class(village: str, class_name: str) -> Bilingual:
    named = phrase(f"class_names.{class_name}")
    return Bilingual(f"{village} ({named.vi})", f"{village} ({named.en})")


def _site(run: CompletedRun, site: pd.Series, villages: pd.DataFrame | None) -> list[Section]:
    """Return what is known of a site, its cells, what it is nearest to, and where that was read."""
    name = clean(site["site_name"]) if _given(site["site_name"]) else ""
    head = _say(
        "head", "site", code=site["site_id"], operator=site["operator"], name=f" – {name}" if name else ""
    )
    facts = [
        _say("lines", "fact", name=_caption(k), value=_fact(k, site[k]))
        for k in _SITE_FACTS
        if _given(site[k])
    ]
    cells = run.input("cells")
    own = cells[(cells["site_id"] == site["site_id"]) & (cells["operator"] == site["operator"])]
    rows = [(_say("lines", "site"), site)]
    filled = _filled(run, site)
    lines = []
    for _, cell in own.iterrows():
        known = joined(_say("cell", k, value=_decimal(f"{cell[k]:g}")) for k in _CELL_FACTS if _given(cell[k]))
        key = (str(cell["cell_id"]) if _given(cell["cell_id"]) else "", str(cell["technology"]))
        missing = filled[key] if key in filled else _lacking(cell)
        code = clean(cell["cell_id"]) if _given(cell["cell_id"]) else "–"
        lines.append(
            _say(
                "lines",
                "cell",
                code=code,
                technology=cell["technology"],
                status=phrase(f"site_status.{cell['status']}"),
                known=known,
                missing=_say("lines", "missing", list=joined(missing)) if missing else "",
            )
        )
        if _place(cell) not in {_place(row) for _, row in rows}:
            rows.append((_say("lines", "cell_row", code=code), cell))
    if villages is not None:
        near = villages[villages["nearest_site_id"] == site["site_id"]]
        listing = joined(
            _named_class(v, c) for v, c in near[["village_id", "class"]].itertuples(index=False)
        )
        facts.append(_say("lines", "nearest_to", list=listing))
    return [
        Section(head, tuple(facts)),
        _section("site_cells", lines or [_say("lines", "no_cells")]),
        *_origin(run, rows),
    ]


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


def field_name(name: str) -> Bilingual:
    """Return a field of a radio cell in words."""
    words = phrases("results/signal.toml")
    return words.say("fields", name) if words.has("fields", name) else Bilingual(name, name)


def _given(value: Any) -> bool:
    return not pd.isna(value) and value != ""


def _caption(name: str) -> Bilingual:
    entry = column_entries()[name]
    return Bilingual(entry["vi"], entry["en"])


def _fact(name: str, value: Any) -> Bilingual:
    """Return a field of a site as a person reads it."""
    if name == "status" and str(value) in section("site_status"):
        return phrase(f"site_status.{value}")
    if name == "on_air_date":
        return date_text(str(value)[:10])
    if isinstance(value, float | np.floating):
        return _decimal(f"{value:.6f}".rstrip("0").rstrip("."))
    return Bilingual(str(value), str(value))


def _decimal(text: str) -> Bilingual:
    return Bilingual(text.replace(".", ","), text)


def _words(value: object, column: ResultColumn) -> Bilingual:
    return Bilingual(str(in_words(value, column, "vi")), str(in_words(value, column, "en")))


def _figures(run: CompletedRun, table: str, frame: pd.DataFrame, position: int) -> list[Bilingual]:
    """Return the figures of a row as people read them; what is not known is counted, not listed."""
    operators = list(dict.fromkeys(operator for operator, _ in run.predicted.coverage.layers))
    arranged = arrange(frame.iloc[[position]], result_table(table), operators)
    lines, empty = [], 0
    for column, value in zip(arranged.columns, arranged.rows[0], strict=True):
        if value is None:
            empty += 1
            continue
        lines.append(
            _say("lines", "figure", caption=column.caption, value=_shown(value, column), column=column.name)
        )
    if empty:
        lines.append(_say("lines", "left_out", n=empty))
    return lines


def _shown(value: object, column: ResultColumn) -> Bilingual:
    if isinstance(value, bool | str):
        return _words(value, column)
    if isinstance(value, int | float):
        if column.kind == "share":
            return share_text(value)
        return count_text(value) if column.kind == "integer" else _decimal(f"{value:.{column.decimals}f}")
    return date_text(str(value))


def level_lines(run: CompletedRun, lon: float, lat: float) -> Iterator[Bilingual]:
    """Yield what each layer has at a point, then the levels that it is held against; nothing outside the grid."""
    coverage, cell = run.predicted.coverage, run.grid_cell(lon, lat)
    levels = run.settings["coverage"]["levels_dbm"]
    if cell is None:
        return
    if not run.in_area(cell):
        yield _say("lines", "outside")
        return
    for i, (operator, technology) in enumerate(coverage.layers):
        place = (i, *cell)
        reason = Reason(int(coverage.reason[place]))
        yield _say(
            "lines",
            "level",
            operator=operator,
            technology=technology,
            state=_say("states", str(int(coverage.state[place]))),
            level=_number(float(coverage.level_dbm[place]), 1, " dBm"),
            threshold=_number(float(levels.get(technology, np.nan)), 0, " dBm"),
            probability=_number(float(coverage.probability[place]), 3),
            reason=_because(reason, int(coverage.state[place])),
        )
    rules = run.rules("planning_level")
    for technology in sorted({t for _, t in coverage.layers} & {*levels}):
        rule = rules.get(technology)
        if rule is None or float(rule["threshold"]) != float(levels[technology]):
            yield _say("lines", "threshold_own", technology=technology, value=_number(float(levels[technology]), 0))
        else:
            yield _say(
                "lines",
                "threshold",
                technology=technology,
                value=_number(float(levels[technology]), 0),
                rule=rule["id"],
                status=_say("statuses", rule["status"])
                if phrases("results/explain.toml").has("statuses", rule["status"])
                else rule["status"],
                source=Bilingual(rule.get("source_vi") or _say("lines", "elsewhere").vi, rule["source"]),
            )


def _because(reason: Reason, state: int) -> Bilingual | str:
    """Return why a state is no clear one."""
    if reason != Reason.NONE:
        return _say("lines", "because", reason=phrase(f"reasons.{reason.name.lower()}"))
    return _say("lines", "between") if state == State.UNCERTAIN else ""


def _cuts(run: CompletedRun) -> Bilingual:
    coverage = run.settings["coverage"]
    return _say(
        "lines",
        "cuts",
        served=_decimal(f"{coverage['served_probability']:g}"),
        unserved=_decimal(f"{coverage['unserved_probability']:g}"),
    )


def _number(value: float, decimals: int, unit: str = "") -> Bilingual:
    if not np.isfinite(value):
        return _say("lines", "unknown")
    text = number_text(value, decimals)
    return Bilingual(text.vi + unit, text.en + unit)


def _place(row: pd.Series) -> tuple[str, str, int]:
    return str(row["file"]), str(row["sheet"]), int(row["row"])


def _origin(run: CompletedRun, rows: list[tuple[Bilingual, pd.Series]]) -> list[Section]:
    """Return the rows with what was found in them, the files, and the method."""
    named = [
        _say(
            "lines",
            "row",
            what=what,
            file=row["file"],
            sheet=f" [{row['sheet']}]" if row["sheet"] else "",
            row=int(row["row"]),
        )
        for what, row in rows
    ]
    places = {_place(row) for _, row in rows}
    found = [
        _say("lines", "finding", file=finding.source, row=number, title=finding.title)
        for name in ("inputs", "coverage")
        for finding in load_issues(run.folders[name])
        for number in sorted(set(finding.rows.tolist()))
        if (finding.source.file, finding.source.sheet, number) in places
    ]
    model, manifest = run.manifest["model"], run.manifest
    method = [
        _say("lines", "model", name=model_name(model["name"]), sd=number_text(run.settings["coverage"]["model_error_sd_db"], 1)),
        _say("lines", "version", version=manifest["vungphu"], time=manifest["run"]["finished"]),
    ]
    files = [
        _say("lines", "file", file=entry["file"], sha256=entry["sha256"]) for entry in manifest["inputs"]
    ]
    return [
        *([_section("rows", named)] if named else []),
        *([_section("findings", found)] if found else []),
        _section("method", method),
        _section("files", files),
    ]
