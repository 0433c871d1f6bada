"""Open data of a country or of the whole world cut to an area, and files that belong together joined: what a project then reads.

Nothing is changed in a row that stays: texts stay texts, geometries whole.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyarrow import ArrowException
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

from geo.errors import InputError
from geo.quadkeys import quadkey_bounds, quadkey_tiles

__all__ = ["cut_csv", "cut_parquet", "cut_vector", "join_geojson"]

Boxes = Sequence[tuple[float, float, float, float]]
BoolArray = npt.NDArray[np.bool_]

_BLOCK = 8 << 20
_BATCH = 200_000


def _broken(label: str, what: object) -> InputError:
    text = " ".join(str(what).split())[:120]
    return InputError(f"'{label}' không đọc được: {text}.", f"'{label}' cannot be read: {text}.")


def _inside(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], boxes: Boxes) -> BoolArray:
    found = np.zeros(len(lon), dtype=bool)
    for west, south, east, north in boxes:
        found |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return found


def cut_csv(
    stream: IO[bytes], target: Path, *, lon: str, lat: str, header: Sequence[str], boxes: Boxes | None, label: str
) -> int:
    """Write the rows of a CSV that lie in one of the boxes; return how many there were.

    Parameters
    ----------
    stream : binary stream
        UTF-8, comma-separated.
    target : Path
    lon, lat : str
        Headers of longitude and latitude (degrees).
    header : sequence of str
        Headers of files that have none: used where the first line is already data.
    boxes : sequence of (west, south, east, north) or None
        None: every row. A row without usable coordinates lies nowhere.
    label : str

    Raises
    ------
    InputError
        If the columns are not there or the table is damaged.
    """
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    start = buffered.peek(1 << 16)[: 1 << 16]
    try:
        first = next(csv.reader([start.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _broken(label, error) from error
    headed = lon in first and lat in first
    names = first if headed else list(header)
    if not headed and len(names) != len(first):
        shown = " ".join("".join(c if c.isprintable() else " " for c in ", ".join(first)).split())[:120]
        raise InputError(
            f"'{label}' thiếu cột {lon}, {lat}; dòng đầu: {shown}.", f"'{label}' lacks the columns {lon}, {lat}; first line: {shown}."
        )
    kept = 0
    try:
        reader = pc_csv.open_csv(
            pa.PythonFile(buffered, mode="r"),
            read_options=pc_csv.ReadOptions(block_size=_BLOCK, column_names=names, skip_rows=int(headed), use_threads=False),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
            ),
        )
        with pc_csv.CSVWriter(target, reader.schema, write_options=pc_csv.WriteOptions(quoting_style="needed")) as writer:
            for batch in reader:
                if boxes is None:
                    chosen = batch
                else:
                    x, y = (pd.to_numeric(batch.column(n).to_pandas(), errors="coerce").to_numpy(dtype=float) for n in (lon, lat))
                    chosen = batch.filter(pa.array(_inside(x, y, boxes)))
                kept += chosen.num_rows
                writer.write_batch(chosen)
    except (ArrowException, UnicodeDecodeError) as error:
        raise _broken(label, error) from error
    return kept


def cut_parquet(path: Path, target: Path, *, quadkey: str, zoom: int, boxes: Boxes | None, label: str) -> int:
    """Write the rows of a Parquet file whose tile touches one of the boxes; return how many there were.

    Parameters
    ----------
    path, target : Path
    quadkey : str
        Column with the tile's quadkey; a row whose key is none lies nowhere.
    zoom : int
        Zoom level of the keys.
    boxes : sequence of (west, south, east, north) or None
        None: every row.
    label : str

    Raises
    ------
    InputError
        If the column is not there or the file is damaged.
    """
    kept = 0
    try:
        with pq.ParquetFile(path) as source:
            if quadkey not in source.schema_arrow.names:
                raise InputError(f"'{label}' thiếu cột {quadkey}.", f"'{label}' lacks the column {quadkey}.")
            with pq.ParquetWriter(target, source.schema_arrow) as writer:
                for batch in source.iter_batches(batch_size=_BATCH):
                    chosen = batch
                    if boxes is not None:
                        keys = pd.Series(pc.cast(batch.column(quadkey), pa.string()).to_pylist(), dtype=object)
                        column, row, good = quadkey_tiles(keys, zoom)
                        west, south, east, north = quadkey_bounds(column, row, zoom)
                        touched = np.zeros(len(keys), dtype=bool)
                        for w, s, e, n in boxes:
                            touched |= (west < e) & (w < east) & (south < n) & (s < north)
                        chosen = batch.filter(pa.array(touched & good))
                    kept += chosen.num_rows
                    if chosen.num_rows:
                        writer.write_batch(chosen)
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _broken(label, error) from error
    return kept


def cut_vector(path: Path, target: Path, *, boxes: Boxes | None, label: str) -> int:
    """Write the features of a Shapefile that touch one of the boxes to a GeoPackage; return how many there were.

    Parameters
    ----------
    path : Path
        A Shapefile with its companions.
    target : Path
        ``.gpkg``.
    boxes : sequence of (west, south, east, north) or None
        In EPSG:4326, as the file must be; None: every feature.
    label : str

    Raises
    ------
    InputError
        If the file is damaged or in another coordinate system.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            crs = pyogrio.read_info(path).get("crs")
            if crs != "EPSG:4326":
                raise InputError(f"'{label}': cần EPSG:4326, tệp ghi {crs}.", f"'{label}': EPSG:4326 is needed, the file says {crs}.")
            area = None if boxes is None else shapely.union_all(shapely.box(*np.asarray(boxes, dtype=float).T))
            frame = pyogrio.read_dataframe(path, mask=area)
            if len(frame):
                pyogrio.write_dataframe(frame, target, driver="GPKG", layer=target.stem)
    except (DataSourceError, DataLayerError, FeatureError, GeometryError, UnicodeDecodeError) as error:
        raise _broken(label, error) from error
    return len(frame)


def join_geojson(members: Iterable[tuple[str, IO[bytes]]], target: Path, *, stamps: Mapping[str, str], label: str) -> int:
    """Join GeoJSON files to one; return how many features there are.

    Parameters
    ----------
    members : iterable of (name, stream)
    target : Path
    stamps : mapping
        Property to a regular expression with one group: what it finds in the member's name is written into the property.
    label : str

    Raises
    ------
    InputError
        If a member is no GeoJSON with features.
    """
    count = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        out.write('{"type": "FeatureCollection", "features": [')
        for name, stream in members:
            try:
                content = json.load(stream)
                features = content["features"] if content["type"] == "FeatureCollection" else [content]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"'{label}': '{name}' không phải GeoJSON.", f"'{label}': '{name}' is no GeoJSON."
                ) from error
            given = {key: found[1] for key, pattern in stamps.items() if (found := re.search(pattern, name))}
            for feature in features:
                if not (isinstance(feature, dict) and feature.get("type") == "Feature" and feature.get("geometry")):
                    raise InputError(
                        f"'{label}': '{name}' có đối tượng không hình.", f"'{label}': '{name}' has a feature without a shape."
                    )
                kept = {"type": "Feature", "properties": {**(feature.get("properties") or {}), **given}, "geometry": feature["geometry"]}
                out.write(("," if count else "") + "\n" + json.dumps(kept, ensure_ascii=False))
                count += 1
        out.write("\n]}\n")
    return count
