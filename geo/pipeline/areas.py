"""The stage that says what coverage means for people: villages classed, communes summed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import CoverageSettings, unit_summary
from geo.io.population_raster import PopulationRaster
from geo.io.stage_files import write_frame
from geo.pipeline.engine import Workspace
from geo.pipeline.predicting import Predicted, layer_names
from geo.villages import VillageSettings, classify_villages, village_cells

__all__ = ["class_areas"]


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
) -> Mapping[str, Any]:
    """Write ``communes.parquet`` and, where there is a list, ``villages.parquet``; return the counts.

    Parameters
    ----------
    work : Workspace
    predicted : Predicted
    units, sites, settlements, hamlets, buildings : DataFrame
        Canonical tables; None where none was given.
    raster : PopulationRaster or None
        People per cell, for shares and for clusters of households.
    population : DataFrame or None
        commune_code, population: the commune's people wherever it is known; shares still come from
        the raster.
    settings : CoverageSettings
    village_settings : VillageSettings
    """
    coverage, index = predicted.coverage, predicted.index
    on_grid = None if raster is None else raster.to_grid(coverage.grid)
    people: npt.NDArray[np.float64] | None = None if on_grid is None else on_grid.values
    work.progress(1, 3)
    villages = None
    if settlements is not None:
        villages = classify_villages(
            settlements,
            coverage,
            sites,
            cells_of_villages=village_cells(
                settlements, coverage.grid, index, units["commune_code"].tolist(), hamlets
            ),
            settings=settings,
            village_settings=village_settings,
            buildings=buildings,
            population=people,
        )
        write_frame(work.folder / "villages.parquet", villages)
    work.progress(2, 3)
    communes = unit_summary(
        units, index, coverage, settings.counting, population=people, village_classes=villages
    )
    communes = _plain_names(communes, coverage.layers)
    from_table = 0
    if population is not None:
        stated = population.drop_duplicates("commune_code").set_index("commune_code")["population"]
        official = communes["commune_code"].map(stated).astype(float)
        from_table = int(official.notna().sum())
        communes["population"] = official.where(official.notna(), communes["population"])
    write_frame(work.folder / "communes.parquet", communes)
    return {
        "communes": len(communes),
        "communes_with_population": int(communes["population"].notna().sum()),
        "communes_with_population_from_table": from_table,
        "population_in_raster": None if on_grid is None else round(on_grid.total, 3),
        "population_on_grid": None if on_grid is None else round(on_grid.inside, 3),
        "villages": None if villages is None else len(villages),
        "villages_by_class": {} if villages is None else _count(villages["class"]),
        "clusters_by_basis": {} if villages is None else _count(villages["cluster_basis"]),
    }


def _count(values: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().sort_index().items()}


def _plain_names(communes: pd.DataFrame, layers: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the frame with columns per layer named as the rasters are."""
    names: dict[str, str] = {}
    for (operator, technology), plain in zip(layers, layer_names(layers), strict=True):
        prefix = f"{operator}_{technology}_"
        names |= {c: f"{plain}_{c.removeprefix(prefix)}" for c in communes.columns if c.startswith(prefix)}
    return communes.rename(columns=names)
