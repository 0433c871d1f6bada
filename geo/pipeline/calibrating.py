"""The stage that learns from measurements: what counts, the corrections of every radio cell, the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration import (
    Blocks,
    Calibration,
    CalibrationSettings,
    Correlation,
    HeardCells,
    Kind,
    Note,
    RadioFacts,
    Reason,
    SiteChanges,
    aggregate,
    find_outliers,
    fit_measurements,
)
from geo.calibration.contradictions import contradictions
from geo.calibration.corrections import corrections_of, typical_shift_db
from geo.calibration.samples import LayerSamples, drives, in_vehicle, layer_samples
from geo.coverage import PreparedSources
from geo.crs import from_wgs84, to_wgs84
from geo.grid import Grid
from geo.io.catalogues import band_catalogue, sample_settings
from geo.io.files import read_json, write_json
from geo.io.rasters import read_array, write_array
from geo.io.stage_files import write_frame, write_issues
from geo.pipeline.engine import Workspace
from geo.propagation.corrections import COEFFICIENTS, Corrections
from geo.propagation.ground import GroundModel, GroundSettings
from geo.propagation.links import predict_links
from geo.propagation.settings import CoverageSettings, radio_defaults
from geo.samples import position_jumps
from geo.validation import IssueLog, Source

__all__ = ["MEASURED", "MEASURED_ROWS", "OBSERVATIONS", "TERMS", "calibrate_run", "ground_used", "group_names", "load_corrections"]

#: Places of all layers for fusion, see :func:`geo.fusion.tiles.write_field`.
MEASURED = "measured.npy"
#: Rows of the measurements behind these places: (2, n), the row's position in the table as it was read and the place's.
MEASURED_ROWS = "measured_rows.npy"
#: What was fitted, term by term: family, member, estimate, standard deviation.
TERMS = "terms.json"
#: What was measured, row by row, for facts about places.
OBSERVATIONS = "observations"
_CORRECTIONS = (*COEFFICIENTS, "error_sd_db")
_COVERS = ("clutter_shift_db", "clutter_sd_db")


@dataclass(frozen=True, slots=True)
class _Place:
    """Samples put together for fusion and for the fit; ``rows`` are those of the table behind ``blocks.of_sample``."""

    blocks: Blocks
    rows: npt.NDArray[np.int64]
    heard: HeardCells
    spots: npt.NDArray[np.int64]
    teaches: npt.NDArray[np.bool_]
    speaks: npt.NDArray[np.bool_]


def calibrate_run(
    work: Workspace,
    *,
    measured: pd.DataFrame | None,
    sites: pd.DataFrame,
    prepared: PreparedSources | None,
    grounds: Sequence[tuple[str, GroundModel]],
    grid: Grid,
    settings: CoverageSettings,
    calibration: CalibrationSettings,
    on: Any,
    log: IssueLog,
) -> Mapping[str, Any]:
    """Learn from the measurements and write corrections, places for fusion and the score; return the counts.

    Parameters
    ----------
    work : Workspace
    measured : DataFrame or None
        The canonical table of samples.
    sites : DataFrame
    prepared : PreparedSources or None
        None without terrain.
    grounds : sequence of (name, GroundModel)
        Ways of counting what stands on the ground; the one that explains the measurements best is taken.
    grid : Grid
    settings : CoverageSettings
    calibration : CalibrationSettings
    on : date
    log : IssueLog

    Returns
    -------
    mapping
        ``used`` is False where nothing could be learnt: then nothing but the findings is written.
    """
    record: dict[str, Any] = {"used": False}
    if measured is None or not len(measured):
        write_issues(work.folder / "issues.json", log)
        return record
    if prepared is None or not len(prepared.sources.index):
        log.add("calibration_nothing_to_correct", Source("project"))
        write_issues(work.folder / "issues.json", log)
        return record
    frame = measured.reset_index(drop=True)
    x, y = from_wgs84(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float), grid.epsg)
    counts, outliers = _counting(frame, x, y, sites, grid, calibration, on, log)
    again = _repeated(frame) & counts
    if again.any():  # one file read twice must not make anything surer
        _state_rows(log, "calibration_repeated", frame, again)
        counts, outliers = counts & ~again, {**outliers, "calibration_repeated": int(again.sum())}
    apart = _contradicting(frame, x, y, counts, calibration, log)
    if apart.any():
        counts, outliers = counts & ~apart, {**outliers, "calibration_contradiction": int(apart.sum())}
    samples, moving = _samples(frame, x, y, counts, prepared.layers, calibration, log)
    place = _put_together(frame, x, y, samples, calibration)
    record |= {
        "samples": len(frame),
        "not_counted": outliers,
        "in_vehicle": int((moving & counts).sum()),
        "layers": {
            f"{o} {t}": {
                name: int(((samples.layer == i) & np.isin(samples.kind, kinds)).sum())
                for name, kinds in (("levels", (Kind.SERVING, Kind.STRONGEST)), ("below", (Kind.BELOW,)), ("above", (Kind.ABOVE,)))
            }
            for i, (o, t) in enumerate(prepared.layers)
        },
    }
    work.progress(1, 4)
    if not place.teaches.any():
        log.add("calibration_nothing_counts", Source("project"))
        write_issues(work.folder / "issues.json", log)
        return record
    found = _fitted(place, prepared, grounds, grid, settings, calibration, work)
    found = replace(found, facts={**found.facts, "in_vehicle": record["in_vehicle"]})
    for note in found.notes:
        log.add(note.code, Source("project"), fields=note.fields)
    if found.ground == "at_phone":
        log.add("calibration_cover_at_phone", Source("inputs.land_cover"))
    taught = {prepared.layers[i][0] for i in np.unique(place.blocks.layer).tolist()}
    corrections = _corrected(found, prepared, settings, calibration, taught)
    _state_implausible(corrections, prepared, taught, calibration, log)
    offsets = _device_offsets(found, int(frame["device"].max()))
    _store(work, corrections, found, place, offsets)
    write_frame(work.folder / f"{OBSERVATIONS}.parquet", _observations(frame, samples, offsets, prepared.layers))
    write_issues(work.folder / "issues.json", log)
    return record | {"used": True, **found.facts}


def _counting(
    frame: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    sites: pd.DataFrame,
    grid: Grid,
    settings: CalibrationSettings,
    on: Any,
    log: IssueLog,
) -> tuple[npt.NDArray[np.bool_], Mapping[str, int]]:
    """Return which rows count, and how many do not by reason; each is stated."""
    readings = sample_settings()
    time = frame["time"].to_numpy(dtype="datetime64[ns]")
    device = frame["device"].to_numpy(dtype=np.int64)
    names = sorted({*frame["operator"], *sites["operator"]})
    number = {name: i for i, name in enumerate(names)}
    sx, sy = from_wgs84(sites["lon"].to_numpy(float), sites["lat"].to_numpy(float), grid.epsg)
    changes = SiteChanges(
        sx, sy, sites["operator"].map(number).to_numpy(dtype=np.int64),
        pd.to_datetime(sites["on_air_date"]).to_numpy(dtype="datetime64[ns]"), sites["status"].eq("off_air").to_numpy(bool),
    )  # fmt: skip
    jumped = position_jumps(
        device, frame["time"], frame["lon"].to_numpy(float), frame["lat"].to_numpy(float),
        max_speed_kmh=readings.max_speed_kmh, slack_m=readings.jump_slack_m,
    )  # fmt: skip
    jumped &= ~_several_phones(frame, device, jumped, readings.unordered_share)
    silent = frame["no_service"].to_numpy(bool) | frame["foreign"].to_numpy(bool)
    unknown = np.full(len(frame), np.nan)
    found = find_outliers(
        x, y, time, device, frame["operator"].map(number).to_numpy(dtype=np.int64), frame["level_dbm"].to_numpy(float), silent,
        jumped=jumped, speed_kmh=frame["speed_kmh"].to_numpy(float), altitude_m=unknown, ground_m=unknown, in_building=None,
        serving_site=np.full(len(frame), -1, dtype=np.int64), changes=changes, reach_m=settings.change_reach_m,
        since=np.datetime64(pd.Timestamp(on) - pd.Timedelta(days=readings.max_age_days), "ns"), settings=settings,
    )  # fmt: skip
    reason = found.reason
    for code in np.unique(reason[reason > 0]):
        _state_rows(log, Reason(int(code)).code, frame, reason == code)
    return reason == 0, found.counts


def _several_phones(
    frame: pd.DataFrame, device: npt.NDArray[np.int64], jumped: npt.NDArray[np.bool_], share: float
) -> npt.NDArray[np.bool_]:
    """Tell rows of tables that name no phone and jump so often that several wrote them: their jumps are not judged, as reading states."""
    one = frame["one_device"].to_numpy(bool) if "one_device" in frame else np.zeros(len(frame), dtype=bool)
    rows, jumps = (np.bincount(device, weights, int(device.max(initial=-1)) + 1) for weights in (None, jumped))
    return np.asarray(~one & (jumps > share * rows)[device])


def _repeated(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell rows that another file, or another name of it, has said before: the same moment, place, network and reading."""
    keys = ["time", "lon", "lat", "operator", "technology", "locked_technology", "cell_id", "pci", "arfcn", "level_dbm", "no_service", "foreign"]
    return (frame.duplicated(keys) & frame["time"].notna()).to_numpy(dtype=bool)


def _contradicting(
    frame: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    counts: npt.NDArray[np.bool_],
    settings: CalibrationSettings,
    log: IssueLog,
) -> npt.NDArray[np.bool_]:
    """Tell the rows of phones that contradict the others about a layer; each phone is stated."""
    layers = pd.MultiIndex.from_frame(frame[["operator", "technology"]])
    layer, layer_names = pd.factorize(layers)
    unit, _ = pd.factorize(pd.MultiIndex.from_frame(frame[["file", "sheet", "device"]]))
    level = np.where(counts, frame["level_dbm"].to_numpy(float), np.nan)
    found = contradictions(layer.astype(np.int64), unit.astype(np.int64), x, y, level, settings)
    out = np.zeros(len(frame), dtype=bool)
    for which, whose, blocks, difference in found.to_numpy(float).tolist():
        rows = counts & (layer == which) & (unit == whose)
        operator, technology = layer_names[int(which)]
        _state_rows(log, "calibration_contradiction", frame, rows, fields={
            "operator": operator, "technology": technology, "difference": f"{difference:+.0f}", "blocks": int(blocks),
            "limit": f"{settings.contradiction_db:g}"})
        out |= rows
    return out


def _state_rows(log: IssueLog, code: str, frame: pd.DataFrame, rows: npt.NDArray[np.bool_], **given: Any) -> None:
    for (file, sheet), part in frame.loc[rows, ["file", "sheet", "row"]].groupby(["file", "sheet"], sort=True):
        log.add(code, Source(str(file), str(sheet)), rows=part["row"].to_numpy(np.int64), **given)


def _samples(
    frame: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    counts: npt.NDArray[np.bool_],
    layers: Sequence[tuple[str, str]],
    settings: CalibrationSettings,
    log: IssueLog,
) -> tuple[LayerSamples, npt.NDArray[np.bool_]]:
    """Return what the rows say of the layers, and which were taken in a vehicle."""
    time, device = frame["time"].to_numpy(dtype="datetime64[ns]"), frame["device"].to_numpy(dtype=np.int64)
    moving, untold = in_vehicle(x, y, time, device, frame["speed_kmh"].to_numpy(float), settings)
    loss = f"{settings.measured_vehicle_loss_db:g}"
    said = {"loss_vi": loss.replace(".", ","), "loss_en": loss}
    if (moving & counts).any():
        log.add("calibration_in_vehicle", Source("inputs.measurements"), came=str(int((moving & counts).sum())), fields=said)
    if (untold & counts).any():
        log.add("calibration_vehicle_unknown", Source("inputs.measurements"), came=str(int((untold & counts).sum())), fields=said)
    drive = drives(device, time, frame["route"].to_numpy(dtype=str))
    found = layer_samples(
        frame, layers, counts=counts, drive=drive, moving=moving, reported=band_catalogue().levels, settings=settings
    )
    return found, moving


def _put_together(
    frame: pd.DataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    samples: LayerSamples,
    settings: CalibrationSettings,
) -> _Place:
    """Return the samples as blocks; what may teach and what may speak never share one."""
    row = samples.row
    heard = pd.MultiIndex.from_arrays(
        [frame["cell_id"].to_numpy(dtype=str)[row], frame["pci"].to_numpy(float)[row], frame["arfcn"].to_numpy(float)[row]]
    )
    codes, kinds = pd.factorize(heard, sort=True)
    level = np.isin(samples.kind, (1, 2, 4))
    time, device = frame["time"].to_numpy(dtype="datetime64[ns]"), frame["device"].to_numpy(dtype=np.int64)
    drive = drives(device, time, frame["route"].to_numpy(dtype=str))[row]
    # What sets samples apart goes into the route, which blocks keep apart.
    apart = drive * 4 + samples.teaches * 2 + samples.speaks
    blocks = aggregate(
        x[row], y[row], samples.layer, samples.kind, samples.level_dbm, serving=np.where(level, codes, -1), device=device[row],
        route=apart, block_m=settings.block_m,
    )  # fmt: skip
    cells = HeardCells(
        np.array([k[0] for k in kinds], dtype=str), np.array([k[1] for k in kinds], float), np.array([k[2] for k in kinds], float)
    )
    told = blocks.of_sample >= 0
    spot = pd.DataFrame(
        {
            "block": blocks.of_sample[told],
            "column": np.floor(x[row][told] / settings.spot_m).astype(np.int64),
            "row": np.floor(y[row][told] / settings.spot_m).astype(np.int64),
        }
    ).drop_duplicates()
    spots = np.bincount(spot["block"], minlength=len(blocks.kind))
    return _Place(replace(blocks, route=blocks.route // 4), row, cells, spots, blocks.route % 4 >= 2, blocks.route % 2 == 1)


@dataclass(frozen=True, slots=True)
class _Fit:
    """What was fitted over one ground, and what was found on the way."""

    ground: str
    calibration: Calibration
    correlation: Correlation
    facts_of_cells: RadioFacts
    cover_codes: tuple[int, ...]
    site_correlation: float
    place_correlation: float
    notes: tuple[Note, ...]
    facts: Mapping[str, Any]


def _fitted(
    place: _Place,
    prepared: PreparedSources,
    grounds: Sequence[tuple[str, GroundModel]],
    grid: Grid,
    settings: CoverageSettings,
    calibration: CalibrationSettings,
    work: Workspace,
) -> _Fit:
    """Compare the grounds on few blocks, take the one that explains them best, and fit over it to more."""
    facts = _radio_facts(prepared)

    def fitted(ground: GroundModel, name: str, most: int, before: _Fit | None = None, *, last: bool = False) -> _Fit:
        few = _taken(place.blocks, _thinned(place, most))
        lon, lat = to_wgs84(few.x_m, few.y_m, grid.epsg)
        links = predict_links(ground, prepared.sources, lon, lat, few.layer, epsg=grid.epsg, settings=settings)
        covers, cover = _covers(ground, lon, lat)
        devices = tuple(str(d) for d in range(int(few.device.max(initial=-1)) + 1))
        found = fit_measurements(
            few, links, facts, place.heard, clutter=cover, clutters=tuple(str(c) for c in covers), devices=devices,
            settings=calibration, correlation=None if before is None else before.correlation, scored=last,
            begun=None if before is None else before.calibration,
        )  # fmt: skip
        counted = {"fitted_blocks": int(few.kind.size), "blocks": int(place.blocks.kind.size)}
        return _Fit(
            name, found.calibration, found.correlation, facts, covers, found.site_correlation, found.place_correlation, found.notes,
            counted | found.facts(),
        )  # fmt: skip

    tried = [fitted(ground, name, int(calibration.compare_blocks)) for name, ground in grounds if len(grounds) > 1]
    work.progress(2, 4)
    compared = {fit.ground: round(fit.calibration.posterior.log_evidence, 3) for fit in tried}
    best = max(tried, key=lambda fit: fit.calibration.posterior.log_evidence, default=None)
    name = grounds[0][0] if best is None else best.ground
    found = fitted(dict(grounds)[name], name, int(calibration.fit_blocks), best, last=True)
    work.progress(3, 4)
    return replace(found, facts={**found.facts, "ground": name, "log_evidence_by_ground": compared})


def _thinned(place: _Place, most: int) -> npt.NDArray[np.int64]:
    """Return the blocks that teach, no more than ``most``, as many of each layer, by chance."""
    rng = np.random.default_rng(0)
    layer = np.where(place.teaches, place.blocks.layer, -1)
    present = np.unique(layer[layer >= 0])
    share = max(1, most // max(1, len(present)))
    parts = []
    for one in present:
        mine = np.flatnonzero(layer == one)
        parts.append(mine if len(mine) <= share else rng.choice(mine, share, replace=False))
    return np.sort(np.concatenate(parts))


def _taken(blocks: Blocks, chosen: npt.NDArray[np.int64]) -> Blocks:
    """Return some blocks, places numbered anew; ``of_sample`` is left empty."""
    picked = {f.name: getattr(blocks, f.name)[chosen] for f in fields(Blocks) if f.name not in ("of_sample", "place")}
    return Blocks(of_sample=np.empty(0, np.int64), place=np.unique(blocks.place[chosen], return_inverse=True)[1], **picked)


def _radio_facts(prepared: PreparedSources) -> RadioFacts:
    table = prepared.table
    group, groups = pd.factorize(group_names(table), sort=True)
    site, sites = pd.factorize(table["operator"] + " " + table["site_id"], sort=True)
    return RadioFacts(
        group.astype(np.int64), site.astype(np.int64), table["cell_id"].to_numpy(dtype=str), table["pci"].to_numpy(float),
        table["arfcn"].to_numpy(float), tuple(groups), tuple(sites), table["frequency_mhz"].to_numpy(float) / 1000.0,
    )  # fmt: skip


def group_names(table: pd.DataFrame) -> pd.Series:
    """Return the group that corrections know each radio cell by: operator, technology and band."""
    return table["operator"] + " " + table["technology"] + " " + _band_names(table["frequency_mhz"].to_numpy(float))


def _band_names(frequency_mhz: npt.NDArray[np.float64]) -> pd.Series:
    """Return the band's name of each frequency, as the radio defaults divide them."""
    names, limits = zip(*radio_defaults().bands, strict=True)
    place = np.minimum(np.searchsorted(np.array(limits, dtype=np.float64), frequency_mhz), len(names) - 1)
    return pd.Series(np.array(names, dtype=object)[place])


def _covers(
    ground: GroundModel, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
    """Return the land cover codes that occur and the position of each place's among them; -1 unknown."""
    if ground.land_cover is None:
        return (), np.full(len(lon), -1, dtype=np.int64)
    codes = ground.land_cover.sample(lon, lat)
    present = tuple(int(c) for c in np.unique(codes) if c != 0)
    table = np.full(256, -1, dtype=np.int64)
    table[list(present)] = np.arange(len(present))
    return present, table[codes]


def _corrected(
    found: _Fit, prepared: PreparedSources, settings: CoverageSettings, calibration: CalibrationSettings, taught: set[str]
) -> Corrections:
    sources = prepared.sources
    lacking = np.sqrt(np.maximum(sources.sd_db**2 - settings.model_error_sd_db**2, 0.0))
    told = corrections_of(
        found.calibration, found.facts_of_cells, lacking,
        cover_codes=found.cover_codes, cover_names=tuple(str(c) for c in found.cover_codes),
        site_correlation=found.site_correlation, place_correlation=found.place_correlation,
        common_sd_db=calibration.measured_vehicle_sd_db if found.facts["in_vehicle"] else 0.0,
        typical_km=calibration.typical_km, typical_diffraction_db=calibration.typical_diffraction_db,
        untaught=~prepared.table["operator"].isin(taught).to_numpy(dtype=bool),
    )  # fmt: skip
    return replace(told, held_out_growth=float(found.facts["held_out_growth"]))


def _state_implausible(
    corrections: Corrections, prepared: PreparedSources, taught: set[str], calibration: CalibrationSettings, log: IssueLog
) -> None:
    """Say of which groups the measurements lie so far from the prediction that list or phone must be wrong."""
    moved = pd.Series(
        typical_shift_db(corrections, typical_km=calibration.typical_km, typical_diffraction_db=calibration.typical_diffraction_db)
    )
    own = prepared.table["operator"].isin(taught).to_numpy(dtype=bool)
    for group, shift in moved[own].groupby(group_names(prepared.table).to_numpy()[own]).median().items():
        if abs(shift) > calibration.max_shift_db:
            log.add("calibration_implausible", Source("project"), came=str(group), fields={
                "difference": f"{abs(shift):.0f}", "limit": f"{calibration.max_shift_db:.0f}",
                "way_vi": "thấp" if shift < 0 else "cao", "way_en": "lower" if shift < 0 else "higher",
            })  # fmt: skip


def _device_offsets(found: _Fit, last: int) -> npt.NDArray[np.float64]:
    """Return the offset of each device's levels; 0 where none could be told."""
    offset = np.zeros(last + 1)
    for term, value in zip(found.calibration.terms, found.calibration.posterior.estimate, strict=False):
        if term.family == "device":
            offset[int(term.member)] = value
    return offset


def _observations(
    frame: pd.DataFrame, samples: LayerSamples, offsets: npt.NDArray[np.float64], layers: Sequence[tuple[str, str]]
) -> pd.DataFrame:
    """Return what was measured, row by row and layer by layer, as levels outdoors (:data:`geo.measured.OBSERVATION_COLUMNS`)."""
    told = np.flatnonzero(samples.speaks)
    row, layer, kind = samples.row[told], samples.layer[told], samples.kind[told]
    device = frame["device"].to_numpy(dtype=np.int64)[row]
    time = frame["time"].to_numpy(dtype="datetime64[ns]")
    words = np.array(["", "level", "level", "below", "above"], dtype=object)
    names = np.array(layers, dtype=object).reshape(-1, 2)
    return pd.DataFrame(
        {
            "operator": names[layer, 0].astype(str),
            "technology": names[layer, 1].astype(str),
            "lon": frame["lon"].to_numpy(float)[row],
            "lat": frame["lat"].to_numpy(float)[row],
            "time": time[row],
            "kind": words[kind].astype(str),
            "level_dbm": samples.level_dbm[told] - np.where(kind == Kind.BELOW, 0.0, offsets[device]),
            "samples": np.ones(len(told)),
            "route": drives(frame["device"].to_numpy(dtype=np.int64), time, frame["route"].to_numpy(dtype=str))[row],
        }
    )


def _store(
    work: Workspace, corrections: Corrections, found: _Fit, place: _Place, offset: npt.NDArray[np.float64]
) -> None:
    """Write corrections and places."""
    write_array(work.folder / "corrections.npy", np.vstack([*(getattr(corrections, n) for n in _CORRECTIONS), corrections.path_variance]))
    write_array(work.folder / "covers.npy", np.stack([getattr(corrections, n) for n in _COVERS]))
    single = {f.name: getattr(corrections, f.name) for f in fields(Corrections) if f.name not in (*_CORRECTIONS, *_COVERS, "path_variance")}
    write_json(work.folder / "corrections.json", {**single, "ground": found.ground})
    blocks, settings = place.blocks, found.calibration.settings
    levels = blocks.kind != Kind.BELOW
    level = blocks.level_dbm - np.where(levels, offset[blocks.device], 0.0)
    kept = blocks.kind != Kind.ABOVE  # "at least so much" is no level: the field cannot take it
    columns = (
        blocks.layer, blocks.x_m, blocks.y_m, level, settings.sample_noise_db**2 / blocks.samples, blocks.samples,
        np.minimum(place.spots, blocks.samples), blocks.kind == Kind.BELOW, blocks.route, place.speaks, place.teaches,
    )  # fmt: skip
    write_array(work.folder / MEASURED, np.stack([np.asarray(c, dtype=np.float64)[kept] for c in columns]))
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    mine = np.where(blocks.of_sample >= 0, number[blocks.of_sample], -1)
    write_array(work.folder / MEASURED_ROWS, np.stack([place.rows, mine])[:, mine >= 0].astype(np.int32))
    posterior = found.calibration.posterior
    sd = np.sqrt(np.diag(posterior.covariance)[: len(found.calibration.terms)])
    fitted = zip(found.calibration.terms, posterior.estimate.tolist(), sd.tolist(), strict=False)
    write_json(work.folder / TERMS, {"terms": [[t.family, t.member, value, error] for t, value, error in fitted]})


def ground_used(settings: GroundSettings, folder: Path) -> GroundSettings:
    """Return the ground's settings as a stage's folder says that the measurements chose them."""
    learnt = load_corrections(folder)
    return settings if learnt is None or learnt[1] == "as_set" else replace(settings, clutter_in_profile=False)


def load_corrections(folder: Path) -> tuple[Corrections, str] | None:
    """Return what :func:`calibrate_run` wrote into a stage's folder, and the ground it holds for; None if nothing was learnt."""
    if not (folder / "corrections.json").is_file():
        return None
    single = dict(read_json(folder / "corrections.json"))
    ground = str(single.pop("ground"))
    every = read_array(folder / "corrections.npy")
    rows = dict(zip(_CORRECTIONS, every, strict=False)) | {"path_variance": every[len(_CORRECTIONS) :]}
    covers = dict(zip(_COVERS, read_array(folder / "covers.npy"), strict=True))
    return Corrections(**rows, **covers, **single), ground
