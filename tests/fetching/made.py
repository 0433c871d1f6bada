"""Small made-up files of every kind that the catalogue knows, and a catalogue of one item."""

from __future__ import annotations

import gzip
import io
import json
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from rasterio.transform import from_origin

from geo.fetching.catalogue import Item, parse_catalogue
from geo.fetching.settings import FetchSettings, fetch_settings

__all__ = ["geotiff", "gz", "one_item", "ookla", "quick", "shapefile_zip", "zipped"]


def geotiff(west: float, north: float, *, size: int = 200, degrees: float = 1.0, dtype: str = "int16", seed: int = 1, crs: str | None = "EPSG:4326",
            value: int | None = None, compress: str | None = "deflate") -> bytes:  # fmt: skip
    """Return a raster of noise; unpacked, all of one size are equally long and any mixture of two of them is a good one too."""
    rng = np.random.default_rng(seed)
    cells = np.full((size, size), value) if value is not None else rng.integers(100, 3000 if dtype != "uint8" else 200, (size, size))
    profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": dtype, "tiled": True, "blockxsize": 64, "blockysize": 64}
    with rasterio.MemoryFile() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with memory.open(**profile, crs=crs, transform=from_origin(west, north, degrees / size, degrees / size), compress=compress) as dataset:
            dataset.write(cells.astype(dtype), 1)
        return bytes(memory.read())


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def zipped(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, content)
    return out.getvalue()


def shapefile_zip(folder: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> bytes:
    """Return an archive of Shapefiles as Geofabrik packs them."""
    members = {}
    for name, frame in layers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame.to_file(folder / f"{name}.shp", encoding="UTF-8")
        members.update({p.name: p.read_bytes() for p in sorted(folder.glob(f"{name}.*"))})
    return zipped({"README": b"made up", **members})


def ookla(keys: list[str]) -> bytes:
    """Return a Parquet table in the form of Ookla's open tiles."""
    out = io.BytesIO()
    count = len(keys)
    frame = pd.DataFrame(
        {
            "quadkey": keys, "tile": ["POLYGON EMPTY"] * count, "avg_d_kbps": np.arange(count) * 1000 + 20000, "avg_u_kbps": [9000] * count,
            "avg_lat_ms": [30] * count, "tests": [5] * count, "devices": [2] * count,
        }
    )  # fmt: skip
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), out)
    return out.getvalue()


def commune(code: str, west: float, south: float) -> bytes:
    """Return one commune's GeoJSON as the boundaries' archive has it."""
    shape = shapely.geometry.mapping(shapely.MultiPolygon([shapely.box(west, south, west + 0.1, south + 0.1)]))
    properties = {"code": code, "name": "Bịa", "fullName": f"Xã Bịa {code}", "areaKm2": 115.0}
    return json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "id": code, "properties": properties, "geometry": shape}]}).encode()


def one_item(address: str, **changes: Any) -> Item:
    """Return an item with this address; ``changes`` are keys of its table."""
    words = {"vi": "dữ liệu bịa", "en": "made-up data"}
    licence = {"name": "L", "address": "https://example.org/l", "source": "s", "terms": words}
    entry = {
        "title": words, "kind": words, "publisher": "p", "page": "https://example.org", "attribution": "a", "licence": "l", "address": address,
        "file": "data.tif", "content": "geotiff", "per": "country", "size_bytes": 100_000, "status": "found", "source": "s",
        "parts": [{"input": "terrain", "options": {"kind": "surface"}}], **changes,
    }  # fmt: skip
    return parse_catalogue({"licences": {"l": licence}, "items": {"made_up": entry}}, file="made-up.toml").items["made_up"]


def quick(**changes: Any) -> FetchSettings:
    """Return the settings with times in which a test can wait."""
    settings = fetch_settings()
    asking = replace(
        settings.asking, connect_seconds=2.0, silence_seconds=0.25, slow_seconds=0.06, slow_bytes=5000, tries=3, most_rounds=12, again_seconds=0.01,
        longest_wait_seconds=1.5, pause_seconds=0.0,
    )  # fmt: skip
    limits = replace(settings.limits, smallest_limit_bytes=400_000, spare_bytes=1_000_000)
    return replace(settings, asking=replace(asking, **changes), limits=limits)
