"""The stages that write results for people: tables for office programs, layers for QGIS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.io.files import write_bytes
from geo.io.layers import write_layers
from geo.pipeline.claims import CLAIM_TABLES
from geo.pipeline.engine import Workspace
from geo.pipeline.ipv6 import IPV6_TABLES
from geo.pipeline.planning import PLAN_TABLES
from geo.pipeline.proposals import PROPOSAL_TABLES
from geo.pipeline.reading import load_frame
from geo.pipeline.sampling import SAMPLING_TABLES
from geo.pipeline.standards import STANDARD_TABLES
from geo.report.qgis import layer_styles
from geo.report.tables import Arranged, arrange, csv_bytes, result_table, tables_workbook

__all__ = ["PEOPLE", "arranged_frame", "result_frames", "write_result_layers", "write_result_tables"]

#: Table of the figures of people without signal, kept by the stage of the tables itself.
PEOPLE = "people"


def result_frames(folders: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Return the tables of results in the order of their sheets, from the folders of the stages that made them."""
    names = ("communes", "provinces", "villages", "facilities")
    found = {name: load_frame(folders["villages"], name) for name in names}
    found["dead_zones"] = load_frame(folders["dead_zones"], "dead_zones")
    if "claims" in folders:
        found |= {name: load_frame(folders["claims"], name) for name in CLAIM_TABLES}
    if "standards" in folders:
        found |= {name: load_frame(folders["standards"], name) for name in STANDARD_TABLES}
    if "ipv6" in folders:
        found |= {name: load_frame(folders["ipv6"], name) for name in IPV6_TABLES}
    if "planning" in folders:
        found |= {name: load_frame(folders["planning"], name) for name in PLAN_TABLES}
    if "proposals" in folders:
        found |= {name: load_frame(folders["proposals"], name) for name in PROPOSAL_TABLES}
    if "sampling" in folders:
        found |= {name: load_frame(folders["sampling"], name) for name in SAMPLING_TABLES}
    if "tables" in folders:
        found[PEOPLE] = load_frame(folders["tables"], PEOPLE)
    return {name: frame for name, frame in found.items() if frame is not None}


def write_result_tables(
    work: Workspace,
    *,
    frames: Mapping[str, pd.DataFrame],
    operators: Sequence[str],
    language: str,
    created: date,
    title: str,
    file: str = "tables.xlsx",
) -> Mapping[str, Any]:
    """Write ``tables/<name>.csv`` and ``tables.xlsx``; return the rows of each table.

    Parameters
    ----------
    work : Workspace
    frames : mapping
        By the name of the result table (``"communes"`` ...), in the order of the sheets.
    operators : sequence of str
        Names as the workbook writes them.
    language : {"vi", "en"}
        Of the workbook.
    created : date
        Date that the workbook states.
    title : str
    file : str
        Name of the workbook.
    """
    arranged = [arrange(frame, result_table(name), operators) for name, frame in frames.items()]
    for table in arranged:
        write_bytes(work.public / "tables" / f"{table.table.name}.csv", csv_bytes(table))
    workbook = tables_workbook(arranged, language=language, created=created, title=title)
    write_bytes(work.public / file, workbook)
    return {"rows": {table.table.name: len(table.rows) for table in arranged}}


def arranged_frame(arranged: Arranged) -> pd.DataFrame:
    """Return a table as a frame again: the same values as in the CSV, nullable types."""
    types = {"integer": "Int64", "number": "Float64", "share": "Float64", "flag": "boolean"}
    columns = {}
    for j, column in enumerate(arranged.columns):
        values = [row[j] for row in arranged.rows]
        columns[column.name] = pd.Series(values, dtype=types.get(column.kind, "object"))
    return pd.DataFrame(columns)


def write_result_layers(
    work: Workspace,
    *,
    frames: Mapping[str, pd.DataFrame],
    units: gpd.GeoDataFrame,
    sites: pd.DataFrame,
    created: date,
    claims: gpd.GeoDataFrame | None = None,
    language: str = "vi",
) -> Mapping[str, Any]:
    """Write ``layers.gpkg``: the tables as layers, the sites, the areas that operators claim; return the features of each layer.

    Parameters
    ----------
    work : Workspace
    frames : mapping
        ``communes``, in the order of ``units``, and ``villages`` if there are any.
    units : GeoDataFrame
        EPSG:4326.
    sites : DataFrame
        The canonical table.
    created : date
        Date that the file states.
    claims : GeoDataFrame, optional
        As :func:`geo.io.coverage_claims.read_coverage_claims` returns it; what is said *not* to be covered is left out.
    language : {"vi", "en"}
        Of the legends that QGIS shows.
    """
    layers: dict[str, gpd.GeoDataFrame] = {}
    for name, frame in frames.items():
        table = arranged_frame(arrange(frame, result_table(_table_of(name))))
        if isinstance(frame, gpd.GeoDataFrame):
            geometry = frame.geometry.to_numpy()
        else:
            geometry = units.geometry.to_numpy() if name == "communes" else _points(frame)
        layers[name] = gpd.GeoDataFrame(table, geometry=geometry, crs=WGS84_EPSG)
    shown = sites.drop(columns=["lon", "lat"]).astype(
        {name: "object" for name in sites.columns if isinstance(sites[name].dtype, pd.StringDtype)}
    )
    layers["sites"] = gpd.GeoDataFrame(shown, geometry=_points(sites), crs=WGS84_EPSG)
    if claims is not None:
        claimed = claims[claims["claimed"].to_numpy(dtype=bool)].drop(columns="claimed")
        dates = claimed["claim_date"].dt.strftime("%Y-%m-%d").fillna("").astype(object)
        layers["coverage_claims"] = claimed.assign(claim_date=dates)
    write_layers(work.public / "layers.gpkg", layers, created=created, styles=layer_styles(list(layers), language))
    return {"features": {name: len(layer) for name, layer in layers.items()}}


def _table_of(layer: str) -> str:
    """Return the table whose columns a layer has: dead zones of one operator have those of all."""
    return "dead_zones" if layer.startswith("dead_zones") else layer


def _points(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    points = np.full(len(frame), None, dtype=object)
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    known = np.isfinite(lon) & np.isfinite(lat)
    points[known] = shapely.points(lon[known], lat[known])
    return points
