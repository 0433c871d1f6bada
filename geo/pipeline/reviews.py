"""Two finished runs compared: the register of dead zones beside the new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.areas import AreaIndex
from geo.coverage import spread_people, unit_index
from geo.crs import WGS84_EPSG, local_utm_epsg, to_wgs84
from geo.dead_zones.table import CLASSES
from geo.errors import Bilingual, InputError
from geo.grid import Grid
from geo.io.acceptances import ACCEPTANCE_COLUMNS, read_acceptances
from geo.io.catalogues import operator_catalogue
from geo.io.files import digest, write_bytes, write_json
from geo.io.fingerprints import fingerprint
from geo.io.inputs import province_zones
from geo.io.layers import write_layers
from geo.io.population_raster import PopulationRaster, open_population_raster
from geo.io.positions import PositionContext
from geo.io.project import read_project
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.reviews import REGISTER, ReviewFolder, open_review, read_register
from geo.io.run_folder import MANIFEST, RunFolder
from geo.pipeline.keys import canonical
from geo.pipeline.predicting import layer_names
from geo.pipeline.reading import files_of, load_population_raster
from geo.pipeline.register_sheet import WORKBOOK, with_register_sheet
from geo.pipeline.results import arranged_frame
from geo.register import (
    IDENTITY_COLUMNS,
    SAMPLE_COLUMNS,
    STATES,
    Compared,
    Layer,
    LayerRasters,
    Places,
    Recorded,
    RegisterSettings,
    ReviewView,
    RuleSet,
    WeightedPoints,
    changed_sites,
    claimed_places,
    compare,
    dead_zones,
    deciding_layers,
    files_by_kind,
    find_places,
    identities_of,
    look,
    manifest_changes,
    plane_shapes,
    recorded_of_places,
    register_settings,
    require_nothing_lost,
    with_earlier,
)
from geo.report.issues import issues_workbook
from geo.report.phrases import number_text, phrases
from geo.report.register import register_frame
from geo.report.tables import arrange, csv_bytes, in_words, result_table, tables_workbook
from geo.validation import IssueLog, Severity, Source

__all__ = ["ReviewsCompared", "compare_reviews", "review_view"]

_ISSUES = "register_issues.xlsx"
_CLAIM_LAYERS = ("coverage_claims", "claims")
_NUMBERS = ("lon", "lat", "population")
_DEFAULT_SD = "model_error_sd_db"


@dataclass(frozen=True, slots=True)
class ReviewsCompared:
    """What a comparison left behind.

    Attributes
    ----------
    table : DataFrame
        The register.
    summary : tuple of Bilingual
        Counts by state, and what must be known to read them.
    written : tuple of Path
    findings : int
        Rows of the list of acceptances that something was found about.
    language : str
        Of the new review's project.
    """

    table: pd.DataFrame
    summary: tuple[Bilingual, ...]
    written: tuple[Path, ...]
    findings: int
    language: str


def compare_reviews(
    old_folder: Path,
    new_folder: Path,
    *,
    out: Path | None = None,
    old_register: Path | None = None,
    acceptances: Path | None = None,
    population: Path | None = None,
    deadline_days: Mapping[str, float] | None = None,
    overwrite: bool = False,
) -> ReviewsCompared:
    """Compare two run folders and write the register.

    Parameters
    ----------
    old_folder, new_folder : Path
        Finished runs of one province; the old one is only read.
    out : Path, optional
        Where ``tables/register.csv``, ``register.xlsx``, ``register.gpkg`` and ``register.json`` go; by default the new
        run's folder, whose ``tables.xlsx`` then gets the register as a sheet.
    old_register : Path, optional
        Folder with the old review's register, if it was written elsewhere.
    acceptances : Path, optional
        A table of acceptances, claims and deadlines.
    population : Path, optional
        Raster of people for both reviews; by default the new run's own people.
    deadline_days : mapping, optional
        Days from the listing to the deadline, by class of zone.
    overwrite : bool
        Replace a register that was made against another old review.

    Raises
    ------
    InputError
        If a folder is no finished run, both are the same one, the new is the older, provinces differ, the old
        register does not belong to the old run, a class has no zones, or the population is none.
    """
    _require_classes(deadline_days or {})
    old, new = open_review(old_folder), open_review(new_folder)
    _require_pair(old, new)
    target = new.path if out is None else out
    _require_target(target, old, overwrite)
    settings = register_settings() if deadline_days is None else replace(register_settings(), deadline_days=dict(deadline_days))
    log = IssueLog(issue_catalogue())
    prefix = ".".join(new.provinces) or "00"
    old_zones, new_zones = dead_zones(old.zones()), dead_zones(new.zones())
    previous = _previous_register(old, old_register or old.path)
    edited = previous is not None and _edited(old_register or old.path)
    identities = identities_of(old_zones, previous, on=old.date, prefix=prefix)
    views = [review_view(review) for review in (old, new)]
    people = _people(new, views[1].grid, population)
    places = find_places(identities, new_zones, people.points, settings, on=new.date, prefix=prefix)
    rows = _acceptance_rows(acceptances, new, target, log)
    recorded = _recorded(places, rows, new, views, settings, log)
    since = [
        max([opened, *([r.accepted_on] if r.accepted is False and r.accepted_on is not None else [])])
        for opened, r in zip(places.rows["opened"], recorded, strict=True)
    ]
    looked = look(places, views[0], views[1], people.on_grid, since, settings)
    plane = views[1].grid.epsg if views[1].grid is not None else _utm(new_zones, old_zones)
    compared = compare(
        places,
        looked,
        recorded,
        manifest_changes(old.manifest, new.manifest),
        _changed_sites(old, new, settings, plane),
        views[0],
        views[1],
        settings,
        plane_epsg=plane,
        reach_m=_reach_m(new, settings),
        sites_known=all(review.radio_cells() is not None for review in (old, new)),
    )
    table = register_frame(compared)
    require_nothing_lost(table, identities, new_zones)
    summary = tuple(_summary(table, old, new, views, people.basis, first=previous is None, edited=edited))
    of_list = {
        str(name): [{"file": file, "sheet": sheet, "row": row} for file, sheet, row in r.rows]
        for name, r in zip(compared.rows["register_id"], recorded, strict=True)
        if r.rows
    }
    facts = {**_facts(old, new, settings, people.basis, acceptances, population, table), "acceptance_rows": of_list}
    folder = RunFolder(target)
    with folder.locked() if folder.stages.is_dir() else nullcontext():  # no analysis may change the results meanwhile
        written = tuple(_write(target, table, compared, places, facts, new, log))
    return ReviewsCompared(table, summary, written, sum(finding.count for finding in log), new.language)


# -- what may be compared


def _require_classes(deadline_days: Mapping[str, float]) -> None:
    strange = [name for name in deadline_days if name not in CLASSES]
    if strange:
        allowed = ", ".join(CLASSES)
        raise InputError(
            f"Thời hạn theo loại vùng: không có loại '{strange[0]}'; các loại là {allowed}.",
            f"Deadlines by class of zone: there is no class '{strange[0]}'; the classes are {allowed}.",
        )


def _require_pair(old: ReviewFolder, new: ReviewFolder) -> None:
    if old.path.resolve() == new.path.resolve() or canonical(_content(old)) == canonical(_content(new)):
        raise InputError(
            f"'{old.name}' và '{new.name}' là cùng một lần chạy; hãy nêu thư mục của hai kỳ rà soát khác nhau.",
            f"'{old.name}' and '{new.name}' are the same run; name the folders of two different reviews.",
        )
    if new.date < old.date:
        raise InputError(
            f"Kỳ mới '{new.name}' ({new.date:%d/%m/%Y}) có ngày trước kỳ cũ '{old.name}' ({old.date:%d/%m/%Y}); hãy đổi thứ tự.",
            f"The new review '{new.name}' ({new.date}) is older than the old one '{old.name}' ({old.date}); exchange them.",
        )
    if new.provinces != old.provinces:
        names = [", ".join(review.provinces) or "–" for review in (old, new)]
        raise InputError(
            f"Hai kỳ không cùng tỉnh: '{old.name}' là {names[0]}, '{new.name}' là {names[1]}.",
            f"The reviews are of different provinces: '{old.name}' of {names[0]}, '{new.name}' of {names[1]}.",
        )


def _content(review: ReviewFolder) -> dict[str, Any]:
    """Return all of a manifest but the times of the run."""
    return {name: value for name, value in review.manifest.items() if name != "run"}


def _require_target(target: Path, old: ReviewFolder, overwrite: bool) -> None:
    """See that the register can be written, and does not replace one made against another review."""
    if target.resolve() == old.path.resolve():
        raise InputError(
            "Sổ theo dõi không được ghi vào thư mục của kỳ trước; hãy chọn nơi khác bằng --out.",
            "The register cannot be written into the old review's folder; choose another place with --out.",
        )
    RunFolder(target).check_writable()
    found = read_register(target) if (target / "tables" / f"{REGISTER}.csv").is_file() and not overwrite else None
    if found is not None and found[1].get("old", {}).get("dead_zones_sha256") != old.zones_digest:
        raise InputError(
            f"'{target.resolve().name}' đã có sổ theo dõi so với một kỳ khác; hãy ghi nơi khác bằng --out hoặc thay thế bằng --overwrite.",
            f"'{target.resolve().name}' already has a register made against another review; write elsewhere with --out, or replace it "
            "with --overwrite.",
        )


def _previous_register(old: ReviewFolder, folder: Path) -> gpd.GeoDataFrame | None:
    """Return the register that goes with the old review, its texts as values; None if there is none."""
    found = read_register(folder)
    if found is None:
        return None
    frame, facts = found
    if facts.get("new", {}).get("dead_zones_sha256") != old.zones_digest:
        raise InputError(
            f"Sổ theo dõi trong '{folder.resolve().name}' không phải của kỳ '{old.name}' như hiện nay (kỳ đó đã chạy lại?); hãy so sánh lại "
            "kỳ đó với kỳ trước nữa.",
            f"The register in '{folder.resolve().name}' is not that of '{old.name}' as it is now (was it run again?); compare that review "
            "with the one before it once more.",
        )
    missing = sorted({*IDENTITY_COLUMNS, "class_new", "class_old", "population_new", "population_old"} - {*frame.columns, "class", "population"})
    if missing:
        raise InputError(
            f"Sổ theo dõi trong '{folder.resolve().name}' thiếu cột {', '.join(missing)}.",
            f"The register in '{folder.resolve().name}' lacks column {', '.join(missing)}.",
        )
    frame["class"] = frame["class_new"].where(frame["class_new"] != "", frame["class_old"])
    frame["population"] = frame["population_new"].where(frame["population_new"] != "", frame["population_old"])
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    frame["accepted"] = frame["accepted"].map({"TRUE": True, "FALSE": False, "": None}).astype(object).where(frame["accepted"] != "", None)
    return frame


def _edited(folder: Path) -> bool:
    """Tell whether a register's table is no longer as it was written: its words are taken, and it is said."""
    found = read_register(folder)
    return found is not None and found[1].get("table_sha256") != digest(folder / "tables" / f"{REGISTER}.csv")


# -- what a review holds


def review_view(review: ReviewFolder) -> ReviewView:
    """Return what the register looks at in a review; its rasters are read when they are asked for."""
    coverage = review.manifest["settings"]["coverage"]
    rule = RuleSet(
        {str(t): float(level) for t, level in sorted(coverage.get("levels_dbm", {}).items())},
        tuple(str(t) for t in coverage.get("counting", ())),
        float(coverage["served_probability"]),
        float(coverage["unserved_probability"]),
        tuple(sorted(review.operators)),
    )
    names = dict(zip(review.layers, layer_names(review.layers), strict=True))
    first = next((r for r in (review.raster(f"{name}_state") for name in names.values()) if r is not None), None)
    villages = review.table("villages")
    if villages is not None:
        villages = villages.assign(**{name: pd.to_numeric(villages[name], errors="coerce") for name in ("lon", "lat")})
    samples, cells = review.input("measurements"), review.radio_cells()
    return ReviewView(
        on=review.date,
        rule=rule,
        model_error_sd_db=float(coverage.get(_DEFAULT_SD, np.nan)),
        grid=None if first is None else first.grid,
        rasters=lambda layer: _rasters(review, names, layer),
        villages=villages,
        village_states={} if villages is None else {k: f"{n}_state" for k, n in names.items() if f"{n}_state" in villages},
        measurements=None if samples is None else samples[list(SAMPLE_COLUMNS)],
        without_sites=frozenset(review.operators_without_sites),
        neighbour_operators=frozenset(str(o) for o in coverage.get("neighbour_operators", ())),
        neighbour_reach_m=float(coverage.get("neighbour_reach_m", np.nan)),
        absent=frozenset((str(o), str(t)) for o, named in coverage.get("absent_technologies", {}).items() for t in named),
        radio_cells=None if cells is None else cells.assign(**{n: pd.to_numeric(cells[n], errors="coerce") for n in ("lon", "lat")}).dropna(subset=["lon", "lat"]),
        reach_m=float(coverage.get("max_radius_m", np.nan)),
    )


def _rasters(review: ReviewFolder, names: Mapping[tuple[str, str], str], layer: Layer) -> LayerRasters | None:
    name = names.get(layer[:2])
    if name is None:
        return None
    if layer[2] == "indoor":
        found = review.raster(f"{name}_indoor_probability")
        return None if found is None else LayerRasters(None, None, found.values)
    state, level, probability = (review.raster(f"{name}_{kind}") for kind in ("state", "rsrp_dbm", "probability"))
    return None if state is None else LayerRasters(
        state.values, None if level is None else level.values, None if probability is None else probability.values
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _People:
    """Where people live: at points, on the new review's grid, and how that is known."""

    points: WeightedPoints | None
    on_grid: npt.NDArray[np.float64] | None
    basis: str


def _people(new: ReviewFolder, grid: Grid | None, given: Path | None) -> _People:
    """Return the new review's people: the raster given, its own, its communes' spread over houses, else its villages'."""
    if grid is not None:
        raster = None if given is None else _given_raster(new, given)
        on_grid, basis = (None, "given") if raster is None else (raster.to_grid(grid).values, "given")
        if on_grid is None and (own := _own_raster(new)) is not None:
            on_grid, basis = own.to_grid(grid).values, "raster"
        if on_grid is None:
            on_grid, basis = _spread(new, grid), "spread"
        if on_grid is not None:
            row, column = np.nonzero(~(on_grid == 0))
            x, y = grid.centres()
            lon, lat = to_wgs84(x[column], y[row], grid.epsg)
            return _People(WeightedPoints(lon, lat, on_grid[row, column], basis), on_grid, basis)
    elif given is not None:
        raise InputError(
            f"'{new.name}' không có raster nên không đặt được lưới dân số; hãy bỏ --population.",
            f"'{new.name}' has no rasters, so a population raster cannot be placed; leave --population out.",
        )
    villages = new.table("villages")
    if villages is None or villages.empty:
        return _People(None, None, "none")
    lon, lat, people = (pd.to_numeric(villages[name], errors="coerce").to_numpy(float) for name in ("lon", "lat", "population"))
    known = np.isfinite(lon) & np.isfinite(lat)
    return _People(WeightedPoints(lon[known], lat[known], people[known], "villages"), None, "villages")


def _given_raster(new: ReviewFolder, path: Path) -> PopulationRaster:
    """Return the raster of people that the user names; one that cannot be people is refused."""
    log = IssueLog(issue_catalogue())
    raster = open_population_raster(path, log=log, label=path.name)
    mark = fingerprint(path).sha256
    for kind in ("terrain", "land_cover"):
        if mark in files_by_kind(new.manifest).get(kind, {}).values():
            log.add("population_is_terrain", Source(path.name), fields={"kind": kind})
    if log.has_errors:
        first = log.of_severity(Severity.ERROR)[0]
        raise InputError(
            f"--population {path.name}: {first.title.vi}. {first.action.vi}.", f"--population {path.name}: {first.title.en}. {first.action.en}."
        )
    return raster


def _own_raster(new: ReviewFolder) -> PopulationRaster | None:
    """Return the population raster that the run was made with, if it is still at hand and unchanged."""
    path = RunFolder(new.path).find_project(str(new.manifest["project"].get("file", "")))
    if path is None:
        return None
    try:
        project = read_project(path)
        marks = {entry["file"]: entry["sha256"] for entry in new.manifest["inputs"]}
        files = files_of(project, ("population",))
        if any(marks.get(label) != fingerprint(file).sha256 for label, file in files.items()):
            return None
        return load_population_raster(project)
    except InputError:
        return None


def _spread(new: ReviewFolder, grid: Grid) -> npt.NDArray[np.float64] | None:
    units, table = new.input("units"), new.input("population")
    if units is None or table is None:
        return None
    stated = table.drop_duplicates("commune_code").set_index("commune_code")["population"]
    per_household = new.manifest.get("settings", {}).get("villages", {}).get("persons_per_household")
    if per_household is None:
        return None
    spread = spread_people(
        units, unit_index(units, grid), grid, stated, buildings=new.input("buildings"), settlements=new.input("settlements"),
        persons_per_household=float(per_household),
    )  # fmt: skip
    return spread.people if np.isfinite(spread.people).any() else None


def _changed_sites(old: ReviewFolder, new: ReviewFolder, settings: RegisterSettings, plane: int) -> pd.DataFrame | None:
    sites = (old.sites(), new.sites())
    if sites[0] is None or sites[1] is None:
        return None
    return changed_sites(
        sites[0], sites[1], old.radio_cells(), new.radio_cells(), moved_m=settings.site_moved_m, plane_epsg=plane,
        without_list={*old.operators_without_sites, *new.operators_without_sites},
    )  # fmt: skip


def _reach_m(new: ReviewFolder, settings: RegisterSettings) -> float:
    return float(new.manifest.get("settings", {}).get("coverage", {}).get("max_radius_m", settings.site_reach_m))


def _utm(*frames: gpd.GeoDataFrame) -> int:
    bounds = next((frame.total_bounds for frame in frames if len(frame)), (105.0, 21.0, 105.0, 21.0))
    west, south, east, north = (float(v) for v in bounds)
    return local_utm_epsg((west + east) / 2, (south + north) / 2)


# -- what is recorded


def _acceptance_rows(path: Path | None, new: ReviewFolder, target: Path, log: IssueLog) -> pd.DataFrame:
    """Return the list of acceptances; one that cannot be used as a whole stops the comparison."""
    if path is None:
        return pd.DataFrame(columns=list(ACCEPTANCE_COLUMNS))
    rows = read_acceptances(
        path, file=path.name, options=TableOptions(), context=_context(new),
        catalogue=operator_catalogue(new.extra.get("operator", ()), operators=new.operators), log=log,
    )  # fmt: skip
    if log.has_errors:
        first = log.of_severity(Severity.ERROR)[0]
        write_bytes(target / _ISSUES, issues_workbook(log, created=new.date, title=new.name))
        raise InputError(
            f"Không dùng được bảng nghiệm thu '{path.name}': {first.title.vi}. Xem {_ISSUES}.",
            f"The list of acceptances '{path.name}' cannot be used: {first.title.en}. See {_ISSUES}.",
        )
    return rows


def _recorded(
    places: Places,
    rows: pd.DataFrame,
    new: ReviewFolder,
    views: list[ReviewView],
    settings: RegisterSettings,
    log: IssueLog,
) -> tuple[Recorded, ...]:
    outlines = list(zip(places.reference, places.new_outline, strict=True))
    villages = [v.villages for v in (views[1], views[0]) if v.villages is not None]
    recorded = with_earlier(
        recorded_of_places(rows, places.rows, outlines, villages=villages, today=new.date, log=log), places.rows
    )
    claims = new.layer(*_CLAIM_LAYERS)
    if claims is None or claims.empty or "operator" not in claims:
        return recorded
    claims = claims.assign(technology=claims["technology"].fillna("") if "technology" in claims else "")
    rule = views[1].rule
    needs = [deciding_layers(row, operators=rule.operators, counting=rule.counting) for row in places.rows.to_dict("records")]
    plane = [plane_shapes(shapes, line_half_width_m=settings.line_half_width_m) for shapes in (places.reference, claims.geometry.to_numpy())]
    claimed = claimed_places(plane[0], needs, claims, plane[1], settings.claim_share)
    return tuple(replace(r, claimed=True, claimed_on=new.date) if c and not r.claimed else r for r, c in zip(recorded, claimed, strict=True))


def _context(new: ReviewFolder) -> PositionContext | None:
    communes = new.layer("communes")
    if communes is None or communes.empty:
        return None
    zones = province_zones(new.extra)
    units = communes.assign(province_name="", **{n: communes[n].astype(str) for n in ("commune_code", "commune_name", "province_code")})
    return PositionContext(AreaIndex(units, zones), provinces=new.provinces)


# -- what is said and written


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases("results/register.toml").say(section, entry, **fields)


def _summary(
    table: pd.DataFrame, old: ReviewFolder, new: ReviewFolder, views: list[ReviewView], basis: str, *, first: bool, edited: bool
) -> Iterator[Bilingual]:
    days = {name: Bilingual(f"{r.date:%d/%m/%Y}", r.date.isoformat()) for name, r in (("old", old), ("new", new))}
    yield _say("summary", "title", n=number_text(len(table)), **days)
    column = next(c for c in result_table(REGISTER).columns if c.name == "state")
    counts = Counter(table["state"])
    for code in (code for code in STATES if counts[code]):
        words = Bilingual(*(str(in_words(code, column, language)) for language in ("vi", "en")))
        yield _say("summary", "state", n=number_text(counts[code]), state=words)
    yield _say("summary", "people_none") if basis == "none" else _say("summary", "people", basis=_say("people", basis))
    if first:
        yield _say("summary", "no_register", **days)
    if edited:
        yield _say("summary", "edited")
    if views[0].rule != views[1].rule:
        effects = Counter(table["rule_effect"])
        yield _say("summary", "rules", only=effects["only"], not_recomputable=effects["not_recomputable"])
    if views[1].grid is None:
        yield _say("summary", "no_rasters")
    elif views[1].measurements is None and not new.has_inputs:
        yield _say("summary", "no_samples")


def _facts(
    old: ReviewFolder,
    new: ReviewFolder,
    settings: RegisterSettings,
    basis: str,
    acceptances: Path | None,
    population: Path | None,
    table: pd.DataFrame,
) -> dict[str, Any]:
    changes = manifest_changes(old.manifest, new.manifest)
    return {
        **{
            name: {"folder": r.name, "date": r.date, "dead_zones_sha256": r.zones_digest, "manifest_sha256": digest(r.path / MANIFEST)}
            for name, r in (("old", old), ("new", new))
        },
        "settings": settings,
        "people": basis,
        "inputs": {path.name: digest(path) for path in (acceptances, population) if path is not None},
        "changes": [asdict(change) for change in changes],
        "states": dict(sorted(Counter(table["state"]).items())),
    }


def _write(
    target: Path, table: pd.DataFrame, compared: Compared, places: Places, facts: Mapping[str, Any], new: ReviewFolder, log: IssueLog
) -> Iterator[Path]:
    """Write the register's files, the facts last: a register without them is not complete."""
    arranged = arrange(table, result_table(REGISTER), new.operators)
    created, title = new.date, str(new.manifest["project"].get("name", ""))
    (target / f"{REGISTER}.json").unlink(missing_ok=True)
    path = target / "tables" / f"{REGISTER}.csv"
    write_bytes(path, csv_bytes(arranged))
    yield path
    path = target / f"{REGISTER}.xlsx"
    write_bytes(path, tables_workbook([arranged], language=new.language, created=created, title=title))
    yield path
    outlines = {
        name: shape if shape is not None else last
        for name, shape, last in zip(compared.rows["register_id"], places.new_outline, places.reference, strict=True)
    }
    shapes = np.array([outlines[name] for name in table["register_id"]], dtype=object)
    path = target / f"{REGISTER}.gpkg"
    write_layers(path, {REGISTER: gpd.GeoDataFrame(arranged_frame(arranged), geometry=shapes, crs=WGS84_EPSG)}, created=created)
    yield path
    if log.findings:
        path = target / _ISSUES
        write_bytes(path, issues_workbook(log, created=created, title=title))
        yield path
    path = target / f"{REGISTER}.json"
    facts = {**facts, "table_sha256": digest(target / "tables" / f"{REGISTER}.csv")}
    write_json(path, canonical(facts))
    if target.resolve() == new.path.resolve() and with_register_sheet(target):
        yield target / WORKBOOK
        # The workbook's checksum stands in the manifest, and the manifest's here.
        write_json(path, canonical({**facts, "new": {**facts["new"], "manifest_sha256": digest(target / MANIFEST)}}))
    yield path
