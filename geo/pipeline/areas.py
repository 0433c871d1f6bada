"""The stage that says what coverage means for people: villages classed, communes summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import (
    CoverageSettings,
    as_communes_count,
    province_summary,
    spread_people,
    unit_summary,
)
from geo.io.files import write_bytes
from geo.io.population_raster import PopulationRaster
from geo.io.rasters import read_array, write_array
from geo.io.stage_files import read_frame, write_frame, write_issues
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import Predicted, layer_names, load_coverage
from geo.report.lists import ListFacts, village_lists
from geo.validation import IssueLog, Source
from geo.villages import (
    Draws,
    Obstructions,
    VillageSettings,
    classify_facilities,
    classify_villages,
    find_clusters,
    operator_service,
    village_cells,
    weak_clusters,
)

__all__ = ["MeasuredFacts", "class_areas", "people_of_plans"]

#: A table with ``lon`` and ``lat`` to what was measured at its rows (:data:`geo.villages.measured.MEASURED_COLUMNS`).
MeasuredFacts = Callable[[pd.DataFrame], pd.DataFrame]


def class_areas(
    work: Workspace,
    *,
    predicted: Predicted,
    units: gpd.GeoDataFrame,
    sites: pd.DataFrame,
    settlements: pd.DataFrame | None,
    hamlets: gpd.GeoDataFrame | None,
    buildings: pd.DataFrame | None,
    raster: PopulationRaster | None,
    population: pd.DataFrame | None,
    settings: CoverageSettings,
    village_settings: VillageSettings,
    province_names: Mapping[str, str],
    facts: ListFacts,
    log: IssueLog,
    facilities: pd.DataFrame | None = None,
    measured: MeasuredFacts | None = None,
    obstructions: Obstructions | None = None,
    draws: Draws | None = None,
) -> Mapping[str, Any]:
    """Write ``communes.parquet``, ``provinces.parquet`` and, where there are lists, villages and facilities; return the counts.

    Parameters
    ----------
    work : Workspace
    predicted : Predicted
    units, sites, settlements, hamlets, buildings : DataFrame
        Canonical tables; None where none was given.
    raster : PopulationRaster or None
        People per cell, for shares and for clusters of households.
    population : DataFrame or None
        commune_code, population: the commune's people wherever it is known. Shares come from the
        raster; without one the people of a commune are spread over its buildings, else its villages.
    settings : CoverageSettings
    village_settings : VillageSettings
    province_names : mapping
        Code to name.
    facts : ListFacts
        What the lists to the ministry and the operators say of the project.
    log : IssueLog
        Receives how people were spread, and where they could not be.
    facilities : DataFrame, optional
        The canonical table.
    measured : callable, optional
        Longitudes and latitudes to what was measured there.
    obstructions : callable, optional
    draws : callable, optional
    """
    coverage, index = predicted.coverage, predicted.index
    on_grid = None if raster is None else raster.to_grid(coverage.grid)
    people: npt.NDArray[np.float64] | None = None if on_grid is None else on_grid.values
    work.progress(1, 3)
    villages, listed = None, None
    if settlements is not None:
        owned = village_cells(settlements, coverage.grid, index, units["commune_code"].tolist(), hamlets)
        write_array(work.folder / "cells_of_villages.npy", owned)
        found = None if measured is None else measured(settlements)
        clusters = find_clusters(
            settlements.reset_index(drop=True), coverage, cells_of_villages=owned, settings=settings, village_settings=village_settings,
            buildings=buildings, population=people, draws=draws,
        )  # fmt: skip
        villages = classify_villages(
            settlements,
            coverage,
            sites,
            cells_of_villages=owned,
            settings=settings,
            village_settings=village_settings,
            buildings=buildings,
            population=people,
            measured=found,
            obstructions=obstructions,
            draws=draws,
            clusters=clusters,
        )
        write_frame(work.folder / "villages.parquet", villages)
        weak = weak_clusters(villages, clusters, coverage, settings)
        operators = operator_service(
            villages, coverage, sites, settings=settings, measured=found, obstructions=obstructions, cells_of_villages=owned
        )
        listed = (operators, weak)
    schools = None
    if facilities is not None:
        schools = classify_facilities(
            facilities, coverage, sites, settings=settings,
            measured=None if measured is None else measured(facilities), obstructions=obstructions,
        )  # fmt: skip
        write_frame(work.folder / "facilities.parquet", schools)
    work.progress(2, 3)
    bases: Mapping[str, int] = {}
    stated = None if population is None else population.drop_duplicates("commune_code").set_index("commune_code")
    if people is None and population is not None and stated is not None:
        spread = spread_people(
            units,
            index,
            coverage.grid,
            stated["population"],
            buildings=buildings,
            settlements=settlements,
            persons_per_household=village_settings.persons_per_household,
        )
        people = spread.people
        bases = _count(pd.Series(spread.basis))
        _state_spread(log, population, units["commune_code"].to_numpy(dtype=object), spread.basis)
    communes = unit_summary(
        units, index, coverage, settings.counting, population=people, village_classes=villages
    )
    communes = _plain_names(communes, coverage.layers)
    from_table = 0
    if stated is not None:
        official = communes["commune_code"].map(stated["population"]).astype(float)
        from_table = int(official.notna().sum())
        communes["population"] = official.where(official.notna(), communes["population"])
    write_frame(work.folder / "communes.parquet", communes)
    provinces = province_summary(communes, province_names, villages)
    write_frame(work.folder / "provinces.parquet", provinces)
    if people is not None:
        write_array(work.folder / "people.npy", people)
    if villages is not None and listed is not None:
        for name, content in village_lists(villages, *listed, communes, facts).items():
            write_bytes(work.public / name, content)
    write_issues(work.folder / "issues.json", log)
    return {
        "communes": len(communes),
        "communes_with_population": int(communes["population"].notna().sum()),
        "communes_with_population_from_table": from_table,
        "communes_with_population_shares": int(communes["population_unknown_share"].notna().sum()),
        "population": None if communes["population"].isna().all() else round(float(communes["population"].sum()), 3),
        "population_spread_over": {name: n for name, n in bases.items() if name},
        "population_in_raster": None if on_grid is None else round(on_grid.total, 3),
        "population_on_grid": None if on_grid is None else round(on_grid.inside, 3),
        "villages": None if villages is None else len(villages),
        "villages_by_class": {} if villages is None else _count(villages["class"]),
        "villages_by_evidence": {} if villages is None else _count(villages["evidence"]),
        "facilities": None if schools is None else len(schools),
        "clusters_by_basis": {} if villages is None else _count(villages["cluster_basis"]),
    }


def people_of_plans(areas: Path, coverage: Path) -> npt.NDArray[np.float64] | None:
    """Return the people per cell that plans count, so that a gain is the change of ``communes.csv``; None where no people are known.

    Parameters
    ----------
    areas, coverage : Path
        Folders of the stages ``villages`` and ``coverage``.
    """
    grid, communes = areas / "people.npy", areas / "communes.parquet"
    if not grid.is_file() or not communes.is_file():
        return None
    stated = read_frame(communes)["population"].to_numpy(dtype=np.float64, na_value=np.nan)
    return as_communes_count(read_array(grid), np.asarray(load_coverage(coverage).index), stated)


def _state_spread(
    log: IssueLog, table: pd.DataFrame, codes: npt.NDArray[np.object_], basis: npt.NDArray[np.object_]
) -> None:
    """State per table which communes' people were placed by buildings or villages, and which could not be."""
    of_commune = dict(zip(codes, basis, strict=True))
    how = table["commune_code"].map(of_commune).fillna("")
    for (file, sheet), part in table.assign(how=how).groupby(["file", "sheet"], sort=True, dropna=False):
        source = Source(str(file), str(sheet))
        for code, chosen in (("population_spread_buildings", "buildings"), ("population_spread_villages", "villages"),
                             ("population_not_spread", "none")):  # fmt: skip
            rows = part[part["how"] == chosen]
            if len(rows):
                log.add(code, source, rows=rows["row"].to_numpy(np.int64), came=rows["commune_code"].tolist())


def _count(values: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().sort_index().items()}


def _plain_names(communes: pd.DataFrame, layers: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the frame with columns per layer named as the rasters are."""
    names: dict[str, str] = {}
    for (operator, technology), plain in zip(layers, layer_names(layers), strict=True):
        prefix = f"{operator}_{technology}_"
        names |= {c: f"{plain}_{c.removeprefix(prefix)}" for c in communes.columns if c.startswith(prefix)}
    return communes.rename(columns=names)
