"""A finished run opened from outside, to be held against another: its tables, layers and rasters as they were published.

Only what a run folder shows to everybody is needed. What lies in its hidden stages (dated samples, houses) is
used where it is there and still whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from geo.crs import WGS84_EPSG
from geo.errors import CrsError, InputError
from geo.io.files import digest, read_json
from geo.io.rasters import ResultRaster, read_raster
from geo.io.run_folder import MANIFEST, RunFolder
from geo.io.stage_files import read_frame

__all__ = ["REGISTER", "ReviewFolder", "open_review", "read_register"]

#: Names of the register's files: <name>.json beside <name>.gpkg, tables/<name>.csv.
REGISTER = "register"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ZONES = "dead_zones"


@dataclass(frozen=True)
class ReviewFolder:
    """One review: a run folder and its manifest.

    Attributes
    ----------
    path : Path
    manifest : mapping
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name, for messages."""
        return self.path.resolve().name

    @property
    def date(self) -> date:
        """Day that the review is valid for."""
        return date.fromisoformat(str(self.manifest["project"]["date"]))

    @property
    def provinces(self) -> tuple[str, ...]:
        """Codes, sorted."""
        return tuple(sorted(str(code) for code in self.manifest["project"].get("provinces", ())))

    @property
    def operators(self) -> tuple[str, ...]:
        """Whom "every operator" means."""
        return tuple(str(name) for name in self.manifest["project"].get("operators", ()))

    @property
    def language(self) -> str:
        """Of the project."""
        return str(self.manifest["project"].get("language", "vi"))

    @property
    def layers(self) -> tuple[tuple[str, str], ...]:
        """Operators and technologies predicted."""
        counts = self._stage("coverage").get("counts", {})
        return tuple((str(operator), str(technology)) for operator, technology in counts.get("layers", ()))

    @property
    def operators_without_sites(self) -> tuple[str, ...]:
        """Operators of which no site list was given."""
        return tuple(str(name) for name in self._stage("coverage").get("counts", {}).get("operators_without_sites", ()))

    @property
    def extra(self) -> Mapping[str, Any]:
        """The department's own entries of provinces and operators."""
        found: Mapping[str, Any] = self._stage("inputs").get("settings", {}).get("extra", {})
        return found

    def _stage(self, name: str) -> Mapping[str, Any]:
        return next((stage for stage in self.manifest.get("stages", ()) if stage.get("name") == name), {})

    @property
    def zones_digest(self) -> str:
        """SHA-256 of the table of dead zones, by which a register knows its review."""
        return digest(self.path / "tables" / f"{_ZONES}.csv")

    # -- what was published

    def table(self, name: str) -> pd.DataFrame | None:
        """Return ``tables/<name>.csv`` as texts, empty where not known; None if it is not there."""
        return _read_result_table(self.path / "tables" / f"{name}.csv")

    def zones(self) -> gpd.GeoDataFrame:
        """Return the dead zones of the table with their outlines (EPSG:4326), from whichever layers have them.

        Raises
        ------
        InputError
            If the table is missing, or a zone's outline is in no layer.
        """
        table = self.table(_ZONES)
        if table is None or "dead_zone_id" not in table:
            raise InputError(
                f"Thư mục '{self.name}' chưa có bảng vùng lõm sóng (tables/{_ZONES}.csv); hãy chạy lại analyze.py bằng phiên bản này.",
                f"Folder '{self.name}' has no table of dead zones (tables/{_ZONES}.csv); run analyze.py again with this version.",
            )
        outlines = _outlines_by_id(self.path / "layers.gpkg", "dead_zone_id")
        lacking = [name for name in table["dead_zone_id"] if name not in outlines]
        if lacking:
            raise InputError(
                f"Thư mục '{self.name}': không lớp nào của layers.gpkg có ranh giới của vùng lõm sóng {', '.join(lacking[:3])}; hãy chạy lại "
                "analyze.py.",
                f"Folder '{self.name}': no layer of layers.gpkg has the outline of dead zone {', '.join(lacking[:3])}; run analyze.py again.",
            )
        shapes = np.array([outlines[name] for name in table["dead_zone_id"]], dtype=object)
        return gpd.GeoDataFrame(table, geometry=shapes, crs=WGS84_EPSG)

    def layer(self, *names: str) -> gpd.GeoDataFrame | None:
        """Return the first of some layers of ``layers.gpkg`` that is there, in EPSG:4326; None without any."""
        return _read_layer(self.path / "layers.gpkg", names)

    def sites(self) -> pd.DataFrame | None:
        """Return the sites with ``lon`` and ``lat``; None if the folder has no such layer."""
        layer = self.layer("sites")
        if layer is None:
            return None
        frame = pd.DataFrame(layer.drop(columns=layer.geometry.name))
        return frame.assign(lon=layer.geometry.x.to_numpy(), lat=layer.geometry.y.to_numpy())

    def radio_cells(self) -> pd.DataFrame | None:
        """Return ``rasters/radio_cells.csv`` as texts; None if it is not there."""
        return _read_result_table(self.path / "rasters" / "radio_cells.csv")

    def raster(self, name: str) -> ResultRaster | None:
        """Return ``rasters/<name>.tif``; None if it is not there."""
        path = self.path / "rasters" / f"{name}.tif"
        return read_raster(path, label=f"{self.name}/{path.name}") if path.is_file() else None

    # -- what only the run itself keeps

    @cached_property
    def _inputs(self) -> Path | None:
        """Folder of the stage that read the inputs, if it is complete."""
        stage = self._stage("inputs")
        if not stage.get("key"):
            return None
        run = RunFolder(self.path)
        folder = run.stage("inputs", str(stage["key"]))
        return folder if run.finished(folder) is not None else None

    def input(self, name: str) -> Any:
        """Return an input table as it was read; None where it was not given or the stage is gone."""
        path = None if self._inputs is None else self._inputs / f"{name}.parquet"
        return read_frame(path) if path is not None and path.is_file() else None

    @property
    def has_inputs(self) -> bool:
        """Whether the inputs as they were read are still there."""
        return self._inputs is not None


def open_review(path: Path) -> ReviewFolder:
    """Open a run folder.

    Raises
    ------
    InputError
        If it is none, or was not finished.
    """
    name = path.resolve().name
    try:
        manifest = read_json(path / MANIFEST)
        review = ReviewFolder(path, manifest)
        _ = (review.date, review.provinces, review.operators, manifest["stages"], manifest["settings"]["coverage"]["served_probability"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"'{name}' không phải thư mục kết quả hoàn chỉnh (không có {MANIFEST}); hãy chạy analyze.py.",
            f"'{name}' is not a complete run folder (there is no {MANIFEST}); run analyze.py.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{name}': {MANIFEST} hỏng hoặc không phải của phần mềm này; hãy chạy lại analyze.py.",
            f"'{name}': {MANIFEST} is damaged or not of this program; run analyze.py again.",
        ) from error
    return review


def _read_result_table(path: Path) -> pd.DataFrame | None:
    """Return a table that a run published (``geo.report.tables``) as texts, without the apostrophe before formulas.

    Raises
    ------
    InputError
        If it is no such table.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InputError(f"'{path.name}' không phải UTF-8.", f"'{path.name}' is not UTF-8.") from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(
            f"'{path.name}' không còn nguyên vẹn (số cột không đều).", f"'{path.name}' is no longer whole (its rows differ in length)."
        )
    header, *body = rows
    plain = [[cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell for cell in row] for row in body]
    return pd.DataFrame(plain, columns=header, dtype="object")


def _outlines_by_id(path: Path, column: str) -> dict[str, shapely.Geometry]:
    """Return the shapes of all layers that have a column of ids, those of one id together."""
    if not path.is_file():
        return {}
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        with_ids = [name for name in names if column in pyogrio.read_info(path, layer=name)["fields"]]
    except (DataSourceError, DataLayerError) as error:
        raise InputError(f"Không đọc được '{path.name}' (tệp hỏng).", f"Cannot read '{path.name}' (damaged).") from error
    parts: dict[str, list[shapely.Geometry]] = {}
    for name in with_ids:
        layer = _read_layer(path, (name,))
        if layer is not None:
            for key, shape in zip(layer[column].astype(str), layer.geometry, strict=True):
                if shape is not None:
                    parts.setdefault(key, []).append(shape)
    return {key: shapes[0] if len(shapes) == 1 else shapely.union_all(shapes) for key, shapes in parts.items()}


def _read_layer(path: Path, names: tuple[str, ...]) -> gpd.GeoDataFrame | None:
    if not path.is_file():
        return None
    try:
        present = [str(name) for name, _ in pyogrio.list_layers(path)]
        chosen = next((name for name in names if name in present), None)
        if chosen is None:
            return None
        layer = pyogrio.read_dataframe(path, layer=chosen)
    except (DataSourceError, DataLayerError) as error:
        raise InputError(f"Không đọc được '{path.name}' (tệp hỏng).", f"Cannot read '{path.name}' (damaged).") from error
    if not isinstance(layer, gpd.GeoDataFrame):
        raise InputError(f"Lớp '{chosen}' không có hình.", f"Layer '{chosen}' has no shapes.")
    if layer.crs is None or layer.crs.to_epsg() != WGS84_EPSG:
        raise CrsError(f"Lớp '{chosen}' phải ở EPSG:4326.", f"Layer '{chosen}' must be in EPSG:4326.")
    return layer


def read_register(folder: Path) -> tuple[gpd.GeoDataFrame, Mapping[str, Any]] | None:
    """Return a register and the facts written beside it; None if the folder has none.

    Parameters
    ----------
    folder : Path
        Holds ``tables/register.csv``, ``register.gpkg`` (last known outlines) and ``register.json``.

    Returns
    -------
    (GeoDataFrame, mapping)
        Texts as in the table; an outline is missing where the layer lacks it.

    Raises
    ------
    InputError
        If a part is missing or damaged.
    """
    table = _read_result_table(folder / "tables" / f"{REGISTER}.csv")
    if table is None:
        return None
    try:
        facts: Mapping[str, Any] = read_json(folder / f"{REGISTER}.json")
    except (FileNotFoundError, ValueError) as error:
        raise InputError(
            f"Sổ theo dõi trong '{folder.resolve().name}' thiếu {REGISTER}.json nên không biết nó thuộc kỳ nào; hãy so sánh lại kỳ đó.",
            f"The register in '{folder.resolve().name}' lacks {REGISTER}.json, so it is not known whose it is; compare that review again.",
        ) from error
    layer = _read_layer(folder / f"{REGISTER}.gpkg", (REGISTER,))
    outlines = {} if layer is None else dict(zip(layer["register_id"].astype(str), layer.geometry, strict=True))
    shapes = np.array([outlines.get(name) for name in table["register_id"]], dtype=object)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index, crs=WGS84_EPSG)), facts
