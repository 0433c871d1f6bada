"""Writing the made-up province: every file the same bytes for the same seed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import xlsxwriter
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from geo.io.files import write_bytes
from geo.sample.documents import NORMS, PLAN_PROJECT, PROJECT, RULES, flaws_text, readme_text
from geo.sample.drive_files import DRIVE_TABLE
from geo.sample.frame import FloatArray, Lattice
from geo.sample.mast_tables import restricted_text
from geo.sample.province import VOID_M, SampleProvince
from geo.sample.sheets import Sheet

__all__ = ["write", "write_truth"]

_CREATED = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_SEMICOLON = {"mang_b.csv"}


def _plain(value: Any) -> Any:
    """Return a cell as a plain Python value, ``None`` when there is nothing in it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _workbook(sheets: Iterable[Sheet]) -> bytes:
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties(
            {"title": "Dữ liệu giả định / made-up data", "created": _CREATED.replace(tzinfo=None)}
        )
        title = book.add_format({"bold": True, "align": "center"})
        head = book.add_format({"bold": True, "text_wrap": True, "border": 1})
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.sheet)
            last = len(sheet.frame.columns) - 1
            for row, text in enumerate(sheet.titles):
                page.merge_range(row, 0, row, last, text, title)
            top = len(sheet.titles)
            page.write_row(top, 0, list(sheet.frame.columns), head)
            for i, values in enumerate(sheet.frame.itertuples(index=False, name=None), start=top + 1):
                for j, cell in enumerate(values):
                    value = _plain(cell)
                    if isinstance(value, str):
                        if value:
                            page.write_string(i, j, value)
                    elif isinstance(value, dt.date):
                        page.write_datetime(i, j, dt.datetime(value.year, value.month, value.day), date)  # noqa: DTZ001
                    elif value is not None:
                        page.write_number(i, j, value)
    return buffer.getvalue()


def _number(value: Any) -> str:
    """Return a number without the noise of its binary form."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _csv(frame: pd.DataFrame, *, semicolon: bool = False) -> bytes:
    """Return UTF-8 text; the semicolon form has a BOM and decimal commas, as office programs here write."""
    buffer = io.StringIO()
    writer = csv.writer(
        buffer, delimiter=";" if semicolon else ",", lineterminator="\r\n" if semicolon else "\n"
    )
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False, name=None):
        cells = []
        for cell in row:
            value = _plain(cell)
            text = "" if value is None else _number(value)
            cells.append(text.replace(".", ",") if semicolon and isinstance(value, float) else text)
        writer.writerow(cells)
    return buffer.getvalue().encode("utf-8-sig" if semicolon else "utf-8")


def _raster(values: npt.NDArray[Any], lattice: Lattice, *, nodata: float | None, predictor: int) -> bytes:
    profile = {
        "driver": "GTiff",
        "height": lattice.rows,
        "width": lattice.columns,
        "count": 1,
        "dtype": values.dtype.name,
        "crs": "EPSG:4326",
        "transform": Affine(
            lattice.step_deg, 0.0, lattice.west_deg, 0.0, -lattice.step_deg, lattice.north_deg
        ),
        "compress": "deflate",
        "predictor": predictor,
        "zlevel": 9,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "nodata": nodata,
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(values, 1)
        return bytes(memory.read())


def _geojson(frame: gpd.GeoDataFrame) -> bytes:
    """Return one feature per line (RFC 7946), coordinates to 5 decimals."""
    lines = []
    for values, shape in zip(frame.drop(columns="geometry").to_dict("records"), frame.geometry, strict=True):
        coordinates = [[round(float(a), 5), round(float(b), 5)] for a, b in shapely.get_coordinates(shape)]
        properties = {str(key): _plain(value) for key, value in values.items()}
        feature = {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "LineString", "coordinates": coordinates},
        }
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    return text.encode()


def _geoparquet(frame: gpd.GeoDataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd", compression_level=19)
    return buffer.getvalue()


def _parquet(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    words = [
        field.name
        for field in table.schema
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    ]
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=19,
        use_dictionary=words,
        use_byte_stream_split=["lon", "lat"],
        coerce_timestamps="ms",
    )
    return buffer.getvalue()


def _contents(sample: SampleProvince) -> dict[str, bytes]:
    """Return every file of the sample by its path below the folder."""
    out: dict[str, bytes] = {
        "README.md": readme_text(sample.seed).encode(),
        "FLAWS.md": flaws_text(sample.flaws).encode(),
        "flaws.csv": _csv(sample.flaws),
        "project.toml": PROJECT.encode(),
        "rules_extra.toml": RULES.encode(),
        "project_plan.toml": PLAN_PROJECT.encode(),
        "norms.toml": NORMS.encode(),
        "restricted_areas.geojson": restricted_text(sample.settlements).encode(),
        "communes.parquet": _geoparquet(sample.units.communes),
        "dem.tif": _raster(sample.dem_m, sample.lattice, nodata=VOID_M, predictor=2),
        "land_cover.tif": _raster(sample.land_cover, sample.lattice, nodata=0, predictor=1),
        "population.tif": _raster(sample.population, sample.population_lattice, nodata=-1, predictor=1),
        "roads.geojson": _geojson(sample.roads.roads),
        "streets.geojson": _geojson(sample.roads.streets),
        DRIVE_TABLE: _parquet(sample.drive_tests),
        "truth/villages.csv": _csv(sample.truth.villages),
        "truth/ledger.csv": _csv(sample.truth.ledger),
    }
    houses = sample.settlements.buildings
    points = gpd.points_from_xy(houses["lon"], houses["lat"], crs="EPSG:4326")
    out["buildings.parquet"] = _geoparquet(
        gpd.GeoDataFrame({"kind": "house"}, index=houses.index, geometry=points)
    )
    out |= {name: text.encode() for name, text in sample.logs.items()}
    books: dict[str, list[Sheet]] = {}
    for sheet in sample.sheets:
        if sheet.file.endswith(".xlsx"):
            books.setdefault(sheet.file, []).append(sheet)
        else:
            out[sheet.file] = _csv(sheet.frame, semicolon=sheet.file in _SEMICOLON)
    return out | {file: _workbook(pages) for file, pages in books.items()}


def write(sample: SampleProvince, folder: Path) -> dict[str, int]:
    """Write the sample into ``folder``; return the size in bytes of each file.

    Each file is written under a temporary name and renamed.
    """
    contents = _contents(sample)
    for name, content in sorted(contents.items()):
        write_bytes(folder / name, content)
    return {name: len(content) for name, content in sorted(contents.items())}


def write_truth(
    sample: SampleProvince, rasters: dict[tuple[str, str], FloatArray], lattice: Lattice, folder: Path
) -> list[str]:
    """Write truth rasters (dBm, NaN outside, -200 beyond all reach), tables and ledger into ``folder``."""
    names = []
    for (operator, technology), values in sorted(rasters.items()):
        name = f"{operator.replace('Mạng ', 'mang_').lower()}_{technology.lower()}_rsrp_dbm.tif"
        rounded = np.round(values, 1).astype(np.float32)
        write_bytes(folder / name, _raster(rounded, lattice, nodata=float("nan"), predictor=3))
        names.append(name)
    for name, frame in (
        ("villages.csv", sample.truth.villages),
        ("hamlets.csv", sample.truth.hamlets),
        ("ledger.csv", sample.truth.ledger),
    ):
        write_bytes(folder / name, _csv(frame))
        names.append(name)
    return names
