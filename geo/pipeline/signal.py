"""Why a place has the signal it has: the paths from its strongest radio cells, in words, parts and pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.coverage.point import CellSignal, cell_signals, cells_in_reach, choose_cells
from geo.errors import Bilingual, InputError
from geo.io.files import write_bytes
from geo.io.resources import load_toml
from geo.mapping.labels import date_text
from geo.pipeline.chain import RunChains
from geo.pipeline.chain_words import field_name
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain_lines import Section, level_lines, stories
from geo.pipeline.places import Place, degrees_text, place_of
from geo.propagation.ground import GroundModel
from geo.propagation.p1812 import MODEL
from geo.propagation.paths import PathLoss, atmosphere
from geo.propagation.settings import CoverageSettings
from geo.report.path_page import PathEntry, PathPage, StoryEntry, path_page
from geo.report.phrases import joined, number_text, phrases, short_number_text
from geo.report.profile import NARROW, WIDE, distance_text, edge_in_short, edge_sentence, profile_picture

__all__ = ["SignalExplained", "explain_signal", "write_signal"]

_FOLDER = "explain"
_PAGE = "index.html"
_NOTHING = Bilingual("", "")
#: Levels this near are the same once rounded to a tenth.
_SAME_DB = 0.05


@dataclass(frozen=True, slots=True)
class SignalExplained:
    """What can be said and drawn of the paths to a place.

    Attributes
    ----------
    folder : str
        Name for the place's folder.
    sections : list of Section
    files : mapping of str to bytes
        The page and its pictures; empty where no path can be looked at.
    """

    folder: str
    sections: list[Section]
    files: Mapping[str, bytes] = field(default_factory=dict)


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases("results/signal.toml").say(section, entry, **fields)


def _value(kind: str, value: float, decimals: int = 1, sign: bool = False) -> Bilingual:
    """Return a level or a loss with its unit; what is not known is said."""
    if not math.isfinite(value):
        return _say("values", "unknown")
    number = number_text(value, decimals)
    if sign and not number.en.startswith("-") and number.en.strip("0."):
        number = Bilingual(f"+{number.vi}", f"+{number.en}")
    return _say("values", kind, value=number)


def explain_signal(
    folder: Path | CompletedRun, code: str, *, language: str | None = None, project_file: Path | None = None
) -> SignalExplained | None:
    """Return the paths to a village or a pair of coordinates; None for anything else.

    Parameters
    ----------
    folder : Path or CompletedRun
        Run folder, or the run once opened.
    code : str
        village_id, or longitude and latitude.
    language : {"vi", "en"}, optional
        Of the pictures and the page; the project's unless given.
    project_file : Path, optional
        Of the run, where it is not found by itself.

    Raises
    ------
    InputError
        If the folder holds no complete run, the coordinates are not clear, or nothing at all can be said
        of them: outside the grid, and no path to look at.
    """
    run = folder if isinstance(folder, CompletedRun) else CompletedRun(folder)
    place = place_of(run, code)
    if place is None:
        return None
    title = _say("heading", "paths", place=place.name)
    if not (math.isfinite(place.lon) and math.isfinite(place.lat)):
        return SignalExplained(place.folder, [Section(title, (_say("lines", "no_position", place=place.name),))])
    cell = run.grid_cell(place.lon, place.lat)
    on_grid = cell is not None
    elsewhere = "off_grid" if cell is None else "" if run.in_area(cell) else "outside"
    try:
        found = _Paths(run, place, project_file, swept=not elsewhere)
    except InputError as error:
        if not on_grid:
            raise
        return SignalExplained(place.folder, [Section(title, (error.message,))])
    notes = ([_say("lines", elsewhere)] if elsewhere else []) + found.notes
    if not found.signals:
        if not on_grid:
            raise InputError(" ".join(n.vi for n in notes), " ".join(n.en for n in notes))
        return SignalExplained(place.folder, [Section(title, tuple(notes))])
    chosen = language or run.language
    corrected = [_say("lines", "corrected")] if run.corrected else []
    notes = [*corrected, *_verdict(found), *notes]
    entries = [_entry(signal, place, chosen, found) for signal in found.signals]
    sections = [
        Section(title, tuple(notes)),
        *(
            Section(entry.title, (*entry.lines, *(_say("lines", "part", name=n, value=v) for n, v in entry.parts)))
            for entry in entries
        ),
        Section(_say("heading", "method"), tuple(found.method)),
    ]
    told = [StoryEntry(s.title, s.rows, s.lines) for s in stories(run, RunChains(run, project_file), place.lon, place.lat)]
    return SignalExplained(place.folder, sections, _files(run, place, entries, told, notes, found, chosen))


def write_signal(explained: SignalExplained, run_folder: Path, target: Path | None = None) -> list[Path]:
    """Write page and pictures, each at once, and return what was written, the page last.

    Parameters
    ----------
    explained : SignalExplained
    run_folder : Path
    target : Path, optional
        Folder to write into; ``explain/<place>`` of the run folder unless given.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    folder = run_folder / _FOLDER / explained.folder if target is None else target
    ordered = sorted(explained.files, key=lambda name: (name == _PAGE, name))
    for name in ordered:
        write_bytes(folder / name, explained.files[name])
    if explained.files:  # pictures of an earlier look at this place that are none of this one's
        for old in sorted(folder.glob("[0-9][0-9].svg")):
            if old.name not in explained.files:
                old.unlink(missing_ok=True)
    return [folder / name for name in ordered]


class _Paths:
    """The paths to a place that are looked at, and what is to be said about the choice."""

    def __init__(self, run: CompletedRun, place: Place, project_file: Path | None, *, swept: bool) -> None:
        self.swept = swept
        self.signals: list[CellSignal] = []
        self.notes = [_say("lines", "no_list", operator=name) for name in run.operators_without_sites()]
        self.method: list[Bilingual] = []
        self.mixed = False
        self.corrected = run.corrected and swept
        self.uncounted: dict[str, Bilingual] = {}
        radio = run.radio_cells()
        if radio is None:
            self.notes.append(_say("lines", "old_run" if run.has_terrain else "no_radio"))
            return
        table, tables = radio
        if table.empty:
            self.notes.append(_say("lines", "no_lists"))
            return
        settings, ground = run.coverage_settings, run.ground(project_file)
        where: dict[str, Any] = {
            "lon": place.lon,
            "lat": place.lat,
            "grid": run.predicted.coverage.grid,
            "ground": ground,
            "settings": settings,
        }
        near = cells_in_reach(table, tables, **where, corrections=run.corrections if self.corrected else None)
        reach = number_text(settings.max_radius_m / 1000.0)
        if near.empty:
            self.notes.append(_say("lines", "no_cells", reach=reach))
            return
        strongest = int(load_toml("paths.toml")["choice"]["strongest"]["value"])
        chosen = choose_cells(near, strongest, counting=settings.counting)
        others = sorted({*near["technology"]} - {*settings.counting, ""})
        self.uncounted = {technology: _uncounted(run, technology) for technology in others}
        self.signals = list(cell_signals(chosen, tables, **where))
        shown = len(chosen)
        first = _say("lines", "counted_first") if self.uncounted else _NOTHING
        known = any(math.isfinite(s.held_dbm - s.threshold_dbm) for s in self.signals)
        about = {"shown": shown, "strongest": min(strongest, len(near)), "first": first, "n": len(near) - shown, "reach": reach}
        self.notes.append(_say("lines", "left_out" if known else "left_out_unknown", **about))
        self.mixed = ground.terrain.kind == "surface" and ground.cover_used is None
        self.method = list(_method(ground, settings))


def _uncounted(run: CompletedRun, technology: str) -> Bilingual:
    """Return the sentence that a technology does not count as service, with the day from which on, where it is known."""
    last = run.counted_until(technology)
    if last is None:
        return _say("lines", "uncounted", technology=technology)
    return _say("lines", "uncounted_since", technology=technology, date=date_text((last + timedelta(days=1)).isoformat()))


def _verdict(found: _Paths) -> Iterator[Bilingual]:
    """Yield in one sentence whether the median level reaches a threshold, and if not what stands before the best.

    Only technologies that count as service on the date are spoken of.
    """
    known = [s for s in found.signals if math.isfinite(s.held_dbm - s.threshold_dbm)]
    held = [s for s in known if _text(s.cell["technology"]) not in found.uncounted]
    if not held:
        if known:
            yield _say("lines", "verdict_uncounted")
        return
    best = max(held, key=lambda s: s.held_dbm - s.threshold_dbm)
    margin = best.held_dbm - best.threshold_dbm
    corrected = "_corrected" if found.corrected else ""
    about = {"cell": _cell_name(best.cell), "margin": number_text(abs(margin), 1)}
    if margin >= 0:
        yield _say("lines", f"verdict_reached{corrected}", **about)
    elif best.path is not None:
        counted = _say("lines", "verdict_counted") if found.uncounted else _NOTHING
        yield _say("lines", f"verdict_missed{corrected}", edge=edge_sentence(best.path.edge, surface=found.mixed), counted=counted, **about)


def _method(ground: GroundModel, settings: CoverageSettings) -> Iterator[Bilingual]:
    air = atmosphere(settings.effective_earth_radius_m)
    yield _say(
        "lines",
        "model",
        model=MODEL,
        step=number_text(settings.profile_step_m),
        radius=number_text(air.earth_radius_km),
        n0=number_text(air.n0),
    )
    covered = ground.cover_used is not None
    if ground.terrain.kind == "surface":
        yield _say("lines", "terrain_estimated" if covered else "terrain_surface")
    else:
        yield _say("lines", "terrain_cover" if covered else "terrain_ground")
    yield _say("lines", "rounded")


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _cell_name(cell: pd.Series) -> Bilingual:
    code = _text(cell["cell_id"])
    technology = _text(cell["technology"])
    return _say(
        "heading",
        "cell",
        operator=_text(cell["operator"]),
        technology=technology or _say("heading", "unknown_technology"),
        site=_text(cell["site_id"]) or _say("heading", "no_code"),
        cell=_say("heading", "cell_code", code=code) if code else "",
    )


def _entry(signal: CellSignal, place: Place, language: str, found: _Paths) -> PathEntry:
    name, mixed = _cell_name(signal.cell), found.mixed
    level, path = signal.held_dbm, signal.path
    uncounted = found.uncounted.get(_text(signal.cell["technology"]))
    lines = [*([] if uncounted is None else [uncounted]), *_lines(signal, found)]
    if path is None:
        why = signal.unknown or "void_path"
        short = (name, distance_text(signal.distance_km), _say("values", "unknown"), _say("values", "unknown"), _say("short", why))
        return PathEntry(name, short, tuple(lines))
    margin = level - signal.threshold_dbm
    against = _against(margin, level)
    if uncounted is not None:
        against = _say("values", "uncounted", against=against)
    title = _say("heading", "picture", cell=name, place=place.name)
    corrected = "_corrected" if math.isfinite(signal.corrected_dbm) else ""
    notes = [_say("lines", "sentence", text=edge_sentence(path.edge, surface=mixed))]
    if math.isfinite(margin):
        threshold = _value("dbm", signal.threshold_dbm, 0)
        notes.append(
            _say("lines", f"level_held{corrected}", level=_value("dbm", level), threshold=threshold, against=against)
        )
    elif math.isfinite(level):
        notes.append(_say("lines", f"level{corrected}", level=_value("dbm", level)))
    picture, wide, narrow = (
        profile_picture(path, title=title, notes=notes, language=language, size=size, surface=mixed, headed=headed)
        for size, headed in ((WIDE, True), (WIDE, False), (NARROW, False))
    )
    short = (
        name, distance_text(signal.distance_km), _value("dbm", level), against, edge_in_short(path.edge, surface=mixed)
    )  # fmt: skip
    return PathEntry(name, short, tuple(lines), tuple(_parts(signal, path, swept=found.swept)), wide, narrow, picture)


def _against(margin: float, level: float) -> Bilingual:
    if not math.isfinite(margin):
        return _say("values", "unknown" if not math.isfinite(level) else "no_threshold")
    return _say("values", "above" if margin >= 0 else "below", value=number_text(abs(margin), 1))


def _parts(signal: CellSignal, path: PathLoss, *, swept: bool) -> Iterator[tuple[Bilingual, Bilingual]]:
    """Yield the parts from the power sent to the level received, and what the level is held against."""
    eirp, ceiling = float(signal.cell["eirp_dbm"]), float(signal.cell["ceiling_dbm"])
    losses = [
        ("free_space", path.free_space_db),
        ("bullington", path.bullington_db),
        ("smooth_earth", path.smooth_earth_db),
        ("atmosphere", path.atmosphere_db),
    ]
    yield _say("parts", "eirp"), _value("dbm", eirp)
    losses += [("loss", path.loss_db), ("azimuth", signal.azimuth_loss_db), ("tilt", signal.tilt_loss_db)]
    if signal.end_loss_db:
        losses.append(("end", signal.end_loss_db))
    for name, lost in losses:
        yield _say("parts", name), _value("db", -lost, sign=True)
    if signal.uncapped_dbm > ceiling:
        yield _say("parts", "ceiling"), _value("dbm", ceiling)
    corrected = math.isfinite(signal.corrected_dbm)
    yield _say("parts", "level_uncorrected" if corrected else "level"), _value("dbm", signal.level_dbm)
    if swept:  # outside the area no grid cell has a level
        yield _say("parts", "sweep_uncorrected" if corrected else "sweep"), _value("dbm", signal.sweep_dbm)
    if corrected:
        yield _say("parts", "corrected"), _value("dbm", signal.corrected_dbm)
    if math.isfinite(signal.threshold_dbm):
        yield _say("parts", "threshold"), _value("dbm", signal.threshold_dbm, 0)
        yield _say("parts", "margin_corrected" if corrected else "margin"), _value("db", signal.held_dbm - signal.threshold_dbm, sign=True)


def _lines(signal: CellSignal, found: _Paths) -> Iterator[Bilingual]:
    cell, path = signal.cell, signal.path
    ground = float(cell["ground_m"])
    about = {
        "away": distance_text(signal.distance_km),
        "bearing": number_text(signal.bearing_deg),
        "frequency": short_number_text(float(cell["frequency_mhz"])),
        "height": short_number_text(float(cell["antenna_height_m"])),
    }
    if math.isfinite(ground):
        yield _say("lines", "where", ground=number_text(ground), **about)
    else:
        yield _say("lines", "where_void", **about)
    if path is not None:
        yield from _path_lines(signal, path, found)
    elif signal.unknown is not None:
        yield _unknown_sentence(signal)
    azimuth = float(cell["azimuth_deg"])
    if math.isfinite(azimuth):
        off = abs((signal.bearing_deg - azimuth + 180.0) % 360.0 - 180.0)
        yield _say("lines", "azimuth", azimuth=number_text(azimuth), off=number_text(off))
    else:
        yield _say("lines", "no_azimuth")
    if not _text(cell["technology"]):
        yield _say("lines", "unknown_technology")
    filled = [name for name in _text(cell["defaults"]).split(",") if name]
    if filled:
        yield _say("lines", "defaults", list=joined(map(field_name, filled)))
    sheet = _text(cell["sheet"])
    yield _say("lines", "row", file=_text(cell["file"]), sheet=f" [{sheet}]" if sheet else "", row=int(cell["row"]))


def _path_lines(signal: CellSignal, path: PathLoss, found: _Paths) -> Iterator[Bilingual]:
    edge = path.edge
    yield _say("lines", "sentence", text=edge_sentence(edge, surface=found.mixed))
    if edge.view != "clear":
        clutter = edge.over_m - edge.ground_m
        yield _say(
            "edge",
            "place_clutter" if clutter > 0 else "place",
            lon=degrees_text(edge.lon),
            lat=degrees_text(edge.lat),
            ground=number_text(edge.ground_m),
            clutter=number_text(clutter),
        )
    if edge.ridges > 1:
        yield _say("edge", "ridges", n=edge.ridges)
    if not path.result.in_range:
        yield _say("lines", "short")
    if not found.swept:
        return
    level = signal.level_dbm
    off = abs(level - signal.sweep_dbm)
    if off < _SAME_DB:
        yield _say("lines", "sweep_same")
    elif math.isfinite(off):
        yield _say(
            "lines",
            "sweep",
            sweep=number_text(signal.sweep_dbm, 1),
            level=number_text(level, 1),
            off=number_text(off, 1),
        )


def _unknown_sentence(signal: CellSignal) -> Bilingual:
    why = signal.unknown or "void_path"
    fields: dict[str, Bilingual] = {
        "frequency": short_number_text(float(signal.cell["frequency_mhz"])),
        "height": short_number_text(float(signal.cell["antenna_height_m"])),
        "away": _NOTHING,
    }
    if signal.profile is not None and signal.profile.unknown.any():
        first = int(np.argmax(signal.profile.unknown))
        fields["away"] = distance_text(float(signal.profile.distance_km[first]))
    return _say("unknown", why, **fields)


def _files(
    run: CompletedRun,
    place: Place,
    entries: Sequence[PathEntry],
    told: Sequence[StoryEntry],
    notes: Sequence[Bilingual],
    found: _Paths,
    language: str,
) -> dict[str, bytes]:
    project = run.manifest["project"]
    page = PathPage(
        title=_say("heading", "page", place=place.name),
        about=_say(
            "lines", "project", name=project["name"], date=date_text(str(project["date"])), version=run.manifest["vungphu"]
        ),
        notes=tuple(notes),
        entries=tuple(entries),
        levels=tuple(level_lines(run, place.lon, place.lat)),
        method=tuple(found.method),
        made_up=bool(project["made_up"]),
        language=language,
        stories=tuple(told),
        corrected=found.corrected,
    )
    drawn = [entry.picture for entry in entries if entry.picture]
    return {**{f"{i:02d}.svg": text.encode("utf-8") for i, text in enumerate(drawn, start=1)}, _PAGE: path_page(page)}
