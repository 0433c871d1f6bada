"""A small made-up project that reads without a single complaint, for one thing at a time to go wrong in.

A province of 36 square communes (nobody's: code 99, zone and name from the project's own rules), one
station list, and whatever else a way of going wrong needs. Everything is written by code.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
import shapely
from affine import Affine

from geo.crs import from_wgs84
from geo.io.inputs import Inputs, read_inputs
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog
from tests.made_up_area import units

__all__ = ["HEADER", "PLACES", "Check", "MadeUpProject", "read"]

#: What a builder may hand back: looks at what was read.
Check = Callable[[Inputs], None]

HEADER = ("Nhà mạng", "Mã trạm", "Tên trạm", "Kinh độ", "Vĩ độ", "Công nghệ", "Độ cao trạm (m)", "Trạng thái")
#: Five sites, one a commune, far enough from every border.
PLACES = tuple((105.12345 + 0.1 * i, 21.75678 + 0.1 * i) for i in range(5))
#: The commune that each of them lies in.
COMMUNES = tuple(f"99{1 + i * 7:03d}" for i in range(5))

_RULES = """# Made up for tests.
[[province]]
code = "99"
zone_epsg = 9210
former_zone_epsg = [9209]
"""


@lru_cache(maxsize=1)
def _communes() -> str:
    return str(units().to_json(drop_id=True))


@dataclass
class MadeUpProject:
    """The project's folder and what its file will say; builders change both, :meth:`save` writes the file."""

    folder: Path
    project: dict[str, Any] = field(
        default_factory=lambda: {"name": "Dự án mẫu (giả định)", "province": "99", "date": "2026-11-01"}
    )
    inputs: dict[str, Any] = field(default_factory=lambda: {"boundaries": "communes.geojson", "sites": "sites.csv"})
    rows: list[list[Any]] = field(default_factory=list)
    header: list[str] = field(default_factory=lambda: list(HEADER))
    text: str | bytes | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rows = [
            ["Viettel", f"TB{i + 1}", f"Trạm {i + 1}", f"{lon:.5f}", f"{lat:.5f}", "4G", "42", "Đang phát sóng"]
            for i, (lon, lat) in enumerate(PLACES)
        ]
        self.write("communes.geojson", _communes())
        self.write("rules.toml", _RULES)

    @property
    def path(self) -> Path:
        return self.folder / "project.toml"

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    # -- the station list ----------------------------------------------------------------------

    def add_site(self, **values: object) -> None:
        """Append a sixth row (row 7 of the file); what is not named is as it should be."""
        names = ("operator", "code", "name", "lon", "lat", "technology", "height", "status")
        good = ("Viettel", "TB9", "Trạm 9", "105.33333", "21.88888", "4G", "42", "Đang phát sóng")
        row = {**dict(zip(names, good, strict=True)), **values}
        self.rows.append([row[n] for n in names])

    def add_column(self, header: str, values: Sequence[object] | str = "") -> None:
        self.header.append(header)
        listed = [values] * len(self.rows) if isinstance(values, str) else list(values)
        for row, value in zip(self.rows, listed, strict=True):
            row.append(value)

    def set_column(self, header: str, values: Iterable[object], *, name: str | None = None) -> None:
        place = self.header.index(header)
        if name is not None:
            self.header[place] = name
        for row, value in zip(self.rows, values, strict=True):
            row[place] = value

    def metres(self, epsg: int, *, northing_first: bool = True, places: Sequence[tuple[float, float]] = ()) -> None:
        """Turn the list's degrees into X and Y of a zone."""
        if places:
            self.rows = [
                ["Viettel", f"TB{i + 1}", f"Trạm {i + 1}", "", "", "4G", "42", "Đang phát sóng"] for i in range(len(places))
            ]
        lon, lat = np.array(places or PLACES).T
        east, north = from_wgs84(lon, lat, epsg)
        x, y = (north, east) if northing_first else (east, north)
        self.set_column("Kinh độ", [f"{v:.2f}" for v in x], name="Tọa độ X")
        self.set_column("Vĩ độ", [f"{v:.2f}" for v in y], name="Tọa độ Y")

    def csv_text(self, delimiter: str = ",") -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return stream.getvalue()

    def workbook(
        self,
        name: str = "sites.xlsx",
        sheets: Mapping[str, Sequence[Sequence[object]]] | None = None,
        *,
        change: Callable[[openpyxl.Workbook], None] | None = None,
        kind: str = "sites",
    ) -> None:
        """Write a workbook (by default the station list) and name it as an input."""
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in (sheets or {"DS trạm": self.typed()}).items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        if change is not None:
            change(book)
        book.save(self.folder / name)
        self.inputs[kind] = name

    def typed(self) -> list[list[object]]:
        """The station list with numbers as numbers."""
        numbers = {i for i, h in enumerate(self.header) if h in {"Kinh độ", "Vĩ độ", "Tọa độ X", "Tọa độ Y", "Độ cao trạm (m)"}}
        return [list(self.header), *([float(c) if i in numbers and _is_number(c) else c for i, c in enumerate(r)] for r in self.rows)]

    def points(self, *, crs: int | None = 4326, places: Sequence[tuple[float, float]] = PLACES) -> gpd.GeoDataFrame:
        """The station list as a layer of points."""
        frame = gpd.GeoDataFrame(
            {"nha_mang": "Viettel", "ma_tram": [f"TB{i + 1}" for i in range(len(places))], "cong_nghe": "4G",
             "trang_thai": "Đang phát sóng"},
            geometry=shapely.points(np.array(places)), crs=4326,
        ).rename(columns={"nha_mang": "Nhà mạng", "ma_tram": "Mã trạm", "cong_nghe": "Công nghệ", "trang_thai": "Trạng thái"})  # fmt: skip
        if crs is None:
            return frame.set_crs(None, allow_override=True)
        return frame.to_crs(crs) if crs != 4326 else frame

    def plain_points(self) -> gpd.GeoDataFrame:
        """The same with headers that a Shapefile can hold (ten bytes)."""
        frame = self.points()
        frame.columns = ["operator", "matram", "congnghe", "trangthai", "geometry"]
        return frame.set_geometry("geometry").rename(columns={"trangthai": "status", "congnghe": "tech"})

    # -- boundaries ----------------------------------------------------------------------------

    def communes(self, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame | None]) -> None:
        """Write the boundaries again, changed."""
        frame = units()
        frame = frame if (changed := change(frame)) is None else changed
        self.write("communes.geojson", frame.to_json(drop_id=True))

    def features(self, change: Callable[[list[dict[str, Any]]], object]) -> None:
        """Write the boundaries again, their GeoJSON features changed."""
        content = json.loads(_communes())
        change(content["features"])
        self.write("communes.geojson", json.dumps(content, ensure_ascii=False))

    def shapefile(self, frame: gpd.GeoDataFrame, name: str, *, without: Iterable[str] = (), zipped: bool = False) -> None:
        """Write a Shapefile, without some of its parts, and zip it if asked."""
        folder = self.folder / "parts"
        folder.mkdir(exist_ok=True)
        frame.to_file(folder / f"{name}.shp", driver="ESRI Shapefile", encoding="utf-8")
        parts = sorted(p for p in folder.glob(f"{name}.*") if p.suffix not in set(without))
        if zipped:
            with zipfile.ZipFile(self.folder / f"{name}.zip", "w") as archive:
                for part in parts:
                    archive.write(part, part.name)
        else:
            for part in parts:
                part.rename(self.folder / part.name)

    # -- rasters -------------------------------------------------------------------------------

    def raster(self, name: str, values: np.ndarray, *, crs: str | None = "EPSG:4326", nodata: float | None = None,
               transform: Affine | None = None, **profile: object) -> Path:  # fmt: skip
        """Write a GeoTIFF over the province (0.05° around it)."""
        bands = values if values.ndim == 3 else values[None]
        _, height, width = bands.shape
        place = transform or Affine(0.7 / width, 0, 104.95, 0, -0.7 / height, 22.35)
        path = self.folder / name
        options = {"driver": "GTiff", "height": height, "width": width, "count": len(bands), "dtype": bands.dtype.name,
                   "crs": crs, "transform": place, "nodata": nodata, **profile}  # fmt: skip
        with rasterio.Env(GDAL_PAM_ENABLED=False), rasterio.open(path, "w", **options) as target:
            target.write(bands)
        return path

    def terrain(self, values: np.ndarray | None = None, **options: object) -> Path:
        heights = np.linspace(50, 900, 140 * 140, dtype=np.float32).reshape(140, 140) if values is None else values
        path = self.raster("dem.tif", heights, **options)  # type: ignore[arg-type]
        self.inputs["terrain"] = {"path": "dem.tif", "kind": "ground"}
        return path

    def population(self, values: np.ndarray | None = None, **options: object) -> Path:
        people = np.full((70, 70), 3.5, dtype=np.float32) if values is None else values
        path = self.raster("people.tif", people, **options)  # type: ignore[arg-type]
        self.inputs["population"] = "people.tif"
        return path

    def land_cover(self, values: np.ndarray | None = None, **options: object) -> Path:
        codes = np.full((70, 70), 10, dtype=np.uint8) if values is None else values
        path = self.raster("cover.tif", codes, **options)  # type: ignore[arg-type]
        self.inputs["land_cover"] = "cover.tif"
        return path

    # -- signal samples ------------------------------------------------------------------------

    def measurements(self, header: str, rows: Sequence[str], name: str = "drive.csv") -> None:
        self.write(name, header + "\n" + "\n".join(rows) + "\n")
        self.inputs["measurements"] = name

    # -- the project file ----------------------------------------------------------------------

    def save(self) -> Path:
        """Write the station list (unless a builder wrote its own) and the project file (likewise)."""
        if not (self.folder / "sites.csv").exists() and self.inputs.get("sites") == "sites.csv":
            self.write("sites.csv", self.csv_text())
        if self.text is not None:
            self.write("project.toml", self.text)
        else:
            tables = {"project": self.project, "inputs": self.inputs, "rules": {"extra": "rules.toml"}}
            lines = []
            for name, table in tables.items():
                lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()), ""]
            self.write("project.toml", "\n".join(lines))
        return self.path


def _is_number(cell: object) -> bool:
    return isinstance(cell, str) and cell.replace(".", "", 1).isdigit()


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def read(path: Path) -> tuple[Inputs, IssueLog, str]:
    """Do what ``check_inputs.py`` does before it writes; returns what was read, the findings and the name."""
    project = read_project(path)
    log = IssueLog(issue_catalogue())
    return read_inputs(project, log), log, project.name
