"""The stage that builds the map: results, where they come from, and what a reader has to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from geo import __version__
from geo.calibration import CalibrationSettings
from geo.coverage import MODEL, CoverageSettings
from geo.errors import Bilingual
from geo.io.files import write_bytes
from geo.io.resources import load_toml
from geo.mapping import (
    AreaLayer,
    CoverageLayer,
    DataSource,
    MapContent,
    MeasurementCount,
    PeopleFigure,
    ThemeLayer,
    build_map,
)
from geo.mapping.labels import count_text, share_text
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import Predicted
from geo.propagation.entry import USES
from geo.text import clean
from geo.validation import IssueLog, Severity, Source

__all__ = ["kind_name", "map_content", "model_name", "notices", "sentence", "state_ended", "write_map"]

_RESOURCE = "results/analysis.toml"
_SHOWN_DEFAULTS = ("villages", "entry")
_SILENT = ("off_air", "planned")


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Any]:
    return load_toml(_RESOURCE)


def sentence(section: str, entry_name: str, /, **fields: object) -> Bilingual:
    """Return a sentence of ``results/analysis.toml``; a Bilingual field is filled by language."""
    entry = _sentences()[section][entry_name]

    def filled(language: str) -> str:
        values = {key: v.text(language) if isinstance(v, Bilingual) else v for key, v in fields.items()}
        return str(entry[language]).format_map(values)

    return Bilingual(filled("vi"), filled("en"))


def kind_name(kind: str) -> Bilingual:
    """Return the name of a kind of input; the word itself where there is none."""
    return sentence("kinds", kind) if kind in _sentences()["kinds"] else Bilingual(kind, kind)


def model_name(name: str) -> Bilingual:
    """Return the name of a propagation model in both languages; the name itself where there is none."""
    return sentence("model_names", name) if name in _sentences()["model_names"] else Bilingual(name, name)


def _counted(entry_name: str, n: int, **fields: object) -> Bilingual:
    """Return a notice about ``n`` things, in the singular for one."""
    if n == 1:
        return sentence("notices", f"{entry_name}_one", **fields)
    return sentence("notices", entry_name, n=count_text(n), **fields)


def _rule_notice(rule: Mapping[str, Any]) -> Bilingual:
    indicator = str(rule.get("indicator", ""))
    about = indicator if indicator in _sentences()["rules"] else "other"
    elsewhere = sentence("notices", "source_elsewhere")
    source = Bilingual(
        clean(rule.get("source_vi", "")) or elsewhere.vi, clean(rule.get("source", "")) or elsewhere.en
    )
    named = sentence("rules", about, technology=rule.get("technology", ""))
    return sentence("notices", "rule_unverified", rule=named, source=source)


def state_ended(
    rules: Sequence[Mapping[str, Any]],
    sites: pd.DataFrame,
    cells: pd.DataFrame,
    operators: Sequence[str],
    log: IssueLog,
) -> None:
    """State which technologies have cells in the lists but no longer count on the project's date, and by which rule.

    Parameters
    ----------
    rules : sequence of mapping
        Entries of the rule catalogue that ended before the date.
    sites, cells : DataFrame
        The canonical tables; what is off air or planned does not matter.
    operators : sequence of str
        Empty: all that occur.
    log : IssueLog
    """
    for rule in rules:
        technology = str(rule["technology"])
        named = "," + sites["technologies"].fillna("").str.replace(" ", "") + ","
        rows = [sites[named.str.contains(f",{technology},", regex=False)], cells[cells["technology"] == technology]]
        having = {name for table in rows for name in table.loc[~table["status"].isin(_SILENT), "operator"]}
        having &= set(operators) or having
        if not having:
            continue
        day = rule["valid_to"] + timedelta(days=1)
        status, document = sentence("rule_status", rule["status"]), sentence("notices", "no_document")
        log.add(
            "technology_no_longer_counts",
            Source("project"),
            came="; ".join(sorted(having)),
            fields={
                "technology": technology,
                "operators": ", ".join(sorted(having)),
                "rule": rule["id"],
                "day_vi": f"{day:%d/%m/%Y}",
                "day_en": f"{day:%d/%m/%Y}",
                "document_vi": clean(rule.get("document_vi", "")) or clean(rule["document"]) or document.vi,
                "document_en": clean(rule["document"]) or document.en,
                "status_vi": status.vi,
                "status_en": status.en,
            },
        )


def _setting_notice(name: str, value: object) -> Bilingual:
    """Return that a setting of the villages was not held against its document."""
    written = f"{value:g}" if isinstance(value, int | float) else str(value)
    named = sentence(
        "settings",
        name if name in _sentences()["settings"] else "other",
        value=Bilingual(written.replace(".", ","), written),
    )
    known = name in _sentences()["setting_sources"]
    source = sentence("setting_sources", name) if known else sentence("notices", "source_elsewhere")
    return sentence("notices", "setting_unverified", setting=named, source=source)


def notices(
    logs: Iterable[IssueLog],
    *,
    present: Mapping[str, int],
    defaults_used: Mapping[str, int],
    rules: Sequence[Mapping[str, Any]],
) -> tuple[Bilingual, ...]:
    """Return what a reader of the results has to know, the gravest first.

    Parameters
    ----------
    logs : iterable of IssueLog
        Of all stages; their warnings are carried over, one line per text and file.
    present : mapping
        Number of records of ``terrain``, ``population_raster``, ``population``, ``settlements`` and ``measurements``; ``measurements_used``: 1 where they
        corrected the prediction.
    defaults_used : mapping
        ``"4G.power_dbm"`` to how often.
    rules : sequence of mapping
        Entries of the rule catalogue that were used.
    """
    out: list[Bilingual] = []
    if not present.get("terrain"):
        out.append(sentence("notices", "no_terrain"))
    if not present.get("population_raster") and not present.get("population"):
        out.append(sentence("notices", "no_population"))
    if not present.get("settlements"):
        out.append(sentence("notices", "no_villages"))
    if present.get("measurements") and not present.get("measurements_used"):
        out.append(sentence("notices", "measurements_unused", n=count_text(present["measurements"])))
    out.extend(_rule_notice(rule) for rule in rules if rule.get("status") == "unverified")
    for section in _SHOWN_DEFAULTS:
        out.extend(
            _setting_notice(name, entry["value"])
            for name, entry in load_toml("defaults.toml")[section].items()
            if entry.get("status") == "unverified"
        )
    for name, n in sorted(defaults_used.items()):
        technology, _, field = name.partition(".")
        known = _sentences()["fields"]
        out.append(
            _counted(
                "default_used",
                n,
                technology=technology,
                field=sentence("fields", field) if field in known else field,
            )
        )
    out.extend(_warnings(logs))
    return tuple(out)


def _warnings(logs: Iterable[IssueLog]) -> list[Bilingual]:
    """Return one line per text of a warning and file, with the number of rows: what differs is not merged."""
    rows: Counter[tuple[str, str, str, str]] = Counter()
    for log in logs:
        for finding in log.of_severity(Severity.WARNING):
            rows[finding.kind.code, str(finding.source), finding.title.vi, finding.title.en] += finding.count
    return [
        _counted("finding", n, title=Bilingual(vi, en), file=file) for (_, file, vi, en), n in sorted(rows.items())
    ]


def _all_operators(predicted: Predicted, settings: CoverageSettings) -> tuple[CoverageLayer, ...]:
    """Return all operators together: outdoors, and where the run has them in vehicles and indoors."""
    coverage = predicted.coverage
    if coverage.all_by_use is None:
        return (CoverageLayer("", "", coverage.all_state(settings.counting), coverage.grid),)
    return tuple(
        CoverageLayer("", "", state, coverage.grid, use)
        for use, state in zip(USES, coverage.all_by_use, strict=True)
    )


def _score(learnt: Mapping[str, Any], settings: CalibrationSettings) -> tuple[Bilingual, ...]:
    """Return how well the corrected prediction did where measurements were held out; nothing where none were."""
    rows = [row for row in learnt.get("score") or () if row["stratum"] == "all" and row["n"]]
    if not rows:
        return ()
    row, good = rows[0], settings.good_db

    def number(value: float) -> Bilingual:
        return Bilingual(f"{value:.1f}".replace(".", ","), f"{value:.1f}")

    return (
        sentence(
            "model", "score", n=count_text(row["n"]), bias=number(row["bias_db"]), rmse=number(row["rmse_db"]),
            within=share_text(row["within_share"]), good=Bilingual(f"{good:g}".replace(".", ","), f"{good:g}"),
            held=share_text(row["within_90_share"]),
        ),
        sentence("model", "validated"),
    )  # fmt: skip


def _measurement_counts(observed: pd.DataFrame | None) -> tuple[MeasurementCount, ...]:
    """Return the samples used of each operator and technology with their first and last day."""
    if observed is None:
        return ()
    out = []
    for (operator, technology), part in observed.groupby(["operator", "technology"], sort=True):
        times = part["time"].dropna()
        first, last = (times.min().date(), times.max().date()) if len(times) else (None, None)
        out.append(MeasurementCount(str(operator), str(technology), len(part), first, last))
    return tuple(out)


def _method(
    uncertainty: Mapping[str, Mapping[str, Any]], settings: CoverageSettings
) -> tuple[Bilingual, ...]:
    """Return what uses mean, and how many cells lie so near the planning level that a small error turns their state."""
    vehicle = Bilingual(f"{settings.vehicle_loss_db:g}".replace(".", ","), f"{settings.vehicle_loss_db:g}")
    uses = sentence("model", "uses", vehicle=vehicle, kind=sentence("building_kinds", settings.building_kind))
    shares = [entry["near_threshold_share"] for entry in uncertainty.values()]
    known = [share for share in shares if share is not None]
    if not known:
        return (uses,)
    low, high = share_text(min(known)), share_text(max(known))
    reach = Bilingual(f"{settings.near_threshold_db:g}".replace(".", ","), f"{settings.near_threshold_db:g}")
    if low == high:
        return (uses, sentence("model", "near_threshold_one", share=low, reach=reach),)
    return (uses, sentence("model", "near_threshold", low=low, high=high, reach=reach),)


def map_content(
    *,
    name: str,
    day: date,
    language: Literal["vi", "en"],
    made_up: bool,
    predicted: Predicted,
    units: gpd.GeoDataFrame,
    communes: pd.DataFrame,
    villages: pd.DataFrame | None,
    sites: pd.DataFrame,
    roads: gpd.GeoDataFrame | None,
    settings: CoverageSettings,
    uncertainty: Mapping[str, Mapping[str, Any]],
    sources: Sequence[DataSource],
    noted: Sequence[Bilingual],
    learnt: Mapping[str, Any],
    calibration: CalibrationSettings,
    observed: pd.DataFrame | None,
    areas: Sequence[AreaLayer] = (),
    areas_missing: Sequence[Bilingual] = (),
    themes: Sequence[ThemeLayer] = (),
    people: Sequence[PeopleFigure] = (),
    street_years: pd.DataFrame | None = None,
    priority_weights: Mapping[str, float] | None = None,
    five_g_anchor: bool = False,
) -> MapContent:
    """Return what the map of a run shows.

    Parameters
    ----------
    name : str
        Of the project.
    day : date
        That the figures are valid for.
    language : {"vi", "en"}
        In which the map opens.
    made_up : bool
        Whether the data is invented.
    predicted : Predicted
    units : GeoDataFrame
    communes, villages : DataFrame
        As in the tables; communes in the order of ``units``.
    sites, roads : DataFrame
        Canonical tables.
    settings : CoverageSettings
    uncertainty : mapping
        Of each layer, as :func:`geo.pipeline.predicting.predict_coverage` returns it.
    sources : sequence of DataSource
    noted : sequence of Bilingual
    learnt : mapping
        What :func:`geo.pipeline.calibrating.calibrate_run` returned.
    calibration : CalibrationSettings
    observed : DataFrame or None
        Its observations.
    areas : sequence of AreaLayer
    areas_missing : sequence of Bilingual
        Areas that are not shown, and why.
    themes : sequence of ThemeLayer
    people : sequence of PeopleFigure
    street_years : DataFrame or None
        What each year puts underground, as in the table.
    priority_weights : mapping, optional
    five_g_anchor : bool
        Whether levels of 5G in the measurements may be those of the LTE anchor of a non-standalone network.
    """
    coverage = predicted.coverage
    anchor = sentence("model", "five_g_anchor") if five_g_anchor else None
    score = _score(learnt, calibration)
    layers = tuple(
        CoverageLayer(operator, technology, coverage.state[i], coverage.grid, note=anchor if technology == "5G" else None)
        for i, (operator, technology) in enumerate(coverage.layers)
    )
    return MapContent(
        title=name,
        project_name=", ".join(dict.fromkeys(clean(p) for p in units["province_name"] if clean(p))) or name,
        version=__version__,
        date=day,
        made_up=made_up,
        language=language,
        communes=gpd.GeoDataFrame(communes, geometry=units.geometry.to_numpy(), crs=units.crs),
        villages=villages,
        sites=sites,
        roads=roads,
        coverage=layers,
        all_operators=_all_operators(predicted, settings),
        areas=tuple(areas),
        areas_missing=tuple(areas_missing),
        themes=tuple(themes),
        people=tuple(people),
        street_years=street_years,
        priority_weights=dict(priority_weights or {}),
        model=sentence("model", "corrected" if learnt["used"] else "sentence", name=model_name(MODEL)),
        method=(*_method(uncertainty, settings), *score, *([anchor] if anchor else [])),
        model_checked=bool(score),
        served_at_least=settings.served_probability,
        unserved_at_most=settings.unserved_probability,
        unknown_reasons=tuple(reason.name.lower() for reason in coverage.unknown_reasons(settings.counting)),
        measurements=_measurement_counts(observed),
        notices=tuple(noted),
        sources=tuple(sources),
    )


def write_map(work: Workspace, content: MapContent, path: str) -> Mapping[str, Any]:
    """Write the map; return its size and how much it shows.

    Parameters
    ----------
    work : Workspace
    content : MapContent
    path : str
        In the run folder.
    """
    page = build_map(content)
    write_bytes(work.public / path, page)
    return {"bytes": len(page), "layers": len(content.layers), "notices": len(content.notices), "areas": len(content.areas)}
