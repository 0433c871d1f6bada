"""Land cover: class codes of ESA WorldCover, read by windows; what the codes mean is in land_cover.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.crs import from_wgs84, to_wgs84
from geo.errors import Bilingual, ResourceError
from geo.grid import Grid
from geo.io.geotiff import GeoTiff, blocks, open_geotiff, read_window
from geo.io.resources import load_toml
from geo.validation import IssueLog, Source

__all__ = ["LandCover", "LandCoverClass", "clutter_heights_m", "land_cover_classes", "open_land_cover"]

_BUCKET = 2048
_UNKNOWN = 0


@dataclass(frozen=True, slots=True)
class LandCoverClass:
    """One class: name, kind of clutter and its representative height."""

    code: int
    name: Bilingual
    clutter: str
    clutter_height_m: float


@lru_cache(maxsize=1)
def land_cover_classes() -> Mapping[int, LandCoverClass]:
    """Return the classes by code.

    Raises
    ------
    ResourceError
        If land_cover.toml lacks an entry.
    """
    try:
        return {
            int(code): LandCoverClass(
                int(code),
                Bilingual(entry["name"]["vi"], entry["name"]["en"]),
                entry["clutter"],
                float(entry["clutter_height_m"]),
            )
            for code, entry in load_toml("land_cover.toml")["classes"].items()
        }
    except KeyError as error:
        raise ResourceError(
            f"land_cover.toml thiếu mục {error}.", f"land_cover.toml lacks entry {error}."
        ) from error


@dataclass(frozen=True, slots=True)
class LandCover:
    """A checked raster of class codes.

    Attributes
    ----------
    raster : GeoTiff
    """

    raster: GeoTiff

    def sample(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return the class code of the cell under each point; 0 outside, for no data and unknown codes.

        Parameters
        ----------
        lon, lat : (n,) float64 array
            EPSG:4326 degrees.
        """
        x, y = np.asarray(lon, dtype=np.float64).ravel(), np.asarray(lat, dtype=np.float64).ravel()
        if self.raster.crs != "EPSG:4326":
            x, y = from_wgs84(x, y, self.raster.crs)
        t = self.raster.transform
        with np.errstate(invalid="ignore"):
            row, column = np.floor((t.f - y) / -t.e), np.floor((x - t.c) / t.a)
            hit = (row >= 0) & (row < self.raster.rows) & (column >= 0) & (column < self.raster.columns)
        out = np.zeros(x.shape, dtype=np.uint8)
        known = np.flatnonzero(hit)
        if known.size == 0:
            return out
        r, c = row[known].astype(np.int64), column[known].astype(np.int64)
        key = (r // _BUCKET) * (self.raster.columns // _BUCKET + 1) + c // _BUCKET
        order = np.argsort(key, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
            top, left = int(r[part].min()), int(c[part].min())
            window = _codes(
                read_window(
                    self.raster, slice(top, int(r[part].max()) + 1), slice(left, int(c[part].max()) + 1)
                )
            )
            out[known[part]] = window[r[part] - top, c[part] - left]
        return out

    def to_grid(self, grid: Grid, *, parts: int = 5) -> npt.NDArray[np.uint8]:
        """Return the most frequent class among ``parts`` × ``parts`` points of each cell; ties to the lower code.

        Parameters
        ----------
        grid : Grid
            In metres.
        parts : int

        Returns
        -------
        (rows, columns) uint8 array
            0 where no point has a known class.
        """
        x, y = grid.centres()
        offsets = ((np.arange(parts) + 0.5) / parts - 0.5) * grid.cell_size
        codes = np.array(sorted(land_cover_classes()), dtype=np.uint8)
        out = np.zeros(grid.shape, dtype=np.uint8)
        strip = max(1, 1_000_000 // (grid.columns * parts * parts))
        for start in range(0, grid.rows, strip):
            ys = (y[start : start + strip, None] - offsets[None, :]).ravel()
            xs = (x[:, None] + offsets[None, :]).ravel()
            all_x, all_y = np.meshgrid(xs, ys)
            lon, lat = to_wgs84(all_x.ravel(), all_y.ravel(), grid.epsg)
            rows = len(ys) // parts
            found = self.sample(lon, lat).reshape(rows, parts, grid.columns, parts)
            counts = np.stack([(found == code).sum(axis=(1, 3)) for code in codes])
            out[start : start + rows] = np.where(counts.max(axis=0) > 0, codes[counts.argmax(axis=0)], _UNKNOWN)
        return out


def clutter_heights_m(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the representative clutter height of class codes; NaN for unknown."""
    table = np.full(256, np.nan, dtype=np.float32)
    for code, entry in land_cover_classes().items():
        table[code] = entry.clutter_height_m
    return table[codes]


def _codes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return known class codes; 0 for everything else."""
    known = np.isin(values, list(land_cover_classes()))
    return np.where(known, np.nan_to_num(values), _UNKNOWN).astype(np.uint8)


def open_land_cover(
    path: Path, *, log: IssueLog, label: str = "", crs: str | None = None, scan: bool = True
) -> LandCover:
    """Check a raster of land-cover classes.

    Parameters
    ----------
    path : Path
        GeoTIFF, one band of uint8 codes.
    log : IssueLog
        Receives codes that the catalogue does not know, a raster without any class.
    label : str
        Name shown to people.
    crs : str, optional
        For a file that names none.
    scan : bool
        Read it once by strips to find unknown codes.

    Raises
    ------
    MissingInputError, InputError, CrsError
        See :func:`geo.io.geotiff.open_geotiff`.
    """
    raster = open_geotiff(path, label=label, dtypes=("uint8", "int16", "uint16"), crs=crs)
    if scan:
        counts: dict[int, int] = {}
        for rows, columns in blocks(raster):
            values = read_window(raster, rows, columns)
            codes, numbers = np.unique(values[np.isfinite(values)], return_counts=True)
            for code, number in zip(codes, numbers, strict=True):
                counts[int(code)] = counts.get(int(code), 0) + int(number)
        source, known = Source(raster.label), land_cover_classes()
        strange = {code: n for code, n in counts.items() if code not in known and code != _UNKNOWN}
        if strange:
            listing = ", ".join(f"{code} ({n})" for code, n in sorted(strange.items()))
            allowed = ", ".join(str(code) for code in sorted(known))
            log.add(
                "land_cover_unknown_code",
                source,
                came=listing,
                fields={"count": sum(strange.values()), "allowed": allowed},
            )
        if not any(code in known for code in counts):
            log.add("land_cover_empty", source)
    return LandCover(raster)
