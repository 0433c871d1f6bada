"""Sites on air whose place nobody knows: the chance that one of them serves a cell after all.

A list that names a site without a usable position says that its operator serves something, and not where. The site is taken
to stand anywhere in the communes that its row may mean (anywhere in the area where it names none) with the same chance. What it
would serve from there is asked of the prediction itself (:mod:`geo.coverage.moved_masts`), or set as a radius. Of several sites
at least one serves with 1 - prod(1 - chance). A cell is not said to be unserved if the chance of service, this one included, is
above the cut of ``unserved``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize
from scipy.signal import fftconvolve

from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["UnplacedKind", "combined_chance", "ground_of", "unplaced_kinds", "unplaced_within"]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
#: What the transform leaves where the sum is 0.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, order=True)
class UnplacedKind:
    """Sites without a place of which the lists say the same.

    Attributes
    ----------
    operator : str
        Whose they may be.
    technologies : tuple of str
        Sorted; empty: any of the operator's.
    commune_codes : str
        Parted by ``;``; empty: anywhere in the area.
    count : int
    """

    operator: str
    technologies: tuple[str, ...]
    commune_codes: str
    count: int

    def serves(self, layer: tuple[str, str]) -> bool:
        """Tell whether they may serve a layer."""
        return layer[0] == self.operator and (not self.technologies or layer[1] in self.technologies)


def unplaced_kinds(unplaced: pd.DataFrame | None, layers: Sequence[tuple[str, str]]) -> list[UnplacedKind]:
    """Return the sites of each operator that may stand anywhere, like ones together.

    Rows of one operator's site are one site; rows without a site code count one by one. A row without operator may be anybody's.

    Parameters
    ----------
    unplaced : DataFrame or None
        ``geo.network.UNPLACED_COLUMNS``: an empty operator or technology means any, no commune the whole area.
    layers : sequence of (operator, technology)
    """
    if unplaced is None or unplaced.empty:
        return []
    sites: dict[tuple[str, str, object], tuple[set[str], str]] = {}
    names = ("operator", "technologies", "site_id", "commune_codes")
    for number, (whose, technologies, site, codes) in enumerate(zip(*(unplaced[c].astype(str) for c in names), strict=True)):
        for operator in sorted({o for o, _ in layers} if not whose else {whose}):
            said, where = sites.get((operator, whose, site or number), (set(), ""))
            sites[operator, whose, site or number] = (said | set(technologies.split(",")), where or codes)
    # A row that names no technology leaves "": then any may stand there.
    found = Counter((operator, () if "" in said else tuple(sorted(said)), codes) for (operator, _, _), (said, codes) in sites.items())
    kinds = (UnplacedKind(*kind, count) for kind, count in found.items())
    return sorted(kind for kind in kinds if any(kind.serves(layer) for layer in layers))


def ground_of(codes: str, units: gpd.GeoDataFrame, grid: Grid) -> npt.NDArray[np.bool_] | None:
    """Return the cells that communes touch; None where they lie beyond the grid: its border has a rule of its own.

    Parameters
    ----------
    codes : str
        See :class:`UnplacedKind`.
    units : GeoDataFrame
        Communes of the area, EPSG:4326, with ``commune_code``.
    grid : Grid
        In metres.
    """
    meant = units[units["commune_code"].isin(codes.split(";"))] if codes else units
    shapes = [shape for shape in projected(meant, grid.epsg) if not shape.is_empty]
    if not shapes:
        return None
    ground = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, all_touched=True, dtype="uint8") > 0
    return ground if ground.any() else None


def combined_chance(
    kinds: Sequence[UnplacedKind], chances: Iterable[_F64 | None], layers: Sequence[tuple[str, str]], grid: Grid
) -> _F32:
    """Return the chance that any of the sites serves each cell, (layers, rows, columns).

    Parameters
    ----------
    kinds : sequence of UnplacedKind
    chances : iterable of (layers, rows, columns) float64 array or None
        Of one site of each kind; None where it is beyond the area. Taken one by one: a province may have hundreds of kinds.
    layers : sequence of (operator, technology)
    grid : Grid
    """
    beside = np.ones((len(layers), *grid.shape))
    for kind, chance in zip(kinds, chances, strict=True):
        if chance is not None:
            beside *= (1.0 - chance) ** kind.count
    return (1.0 - beside).astype(np.float32)


def unplaced_within(
    kinds: Sequence[UnplacedKind], layers: Sequence[tuple[str, str]], units: gpd.GeoDataFrame, grid: Grid, radius_m: float
) -> _F32:
    """Return the chance that a site that serves all within a radius serves each cell: the share of its communes that lies so near.

    Parameters
    ----------
    kinds : sequence of UnplacedKind
    layers : sequence of (operator, technology)
    units : GeoDataFrame
        Communes of the area, EPSG:4326, with ``commune_code``.
    grid : Grid
        In metres.
    radius_m : float
    """
    serving = np.array([[kind.serves(layer) for layer in layers] for kind in kinds])[:, :, None, None]
    each = (_near(kind.commune_codes, units, grid, radius_m)[None] * may for kind, may in zip(kinds, serving, strict=True))
    return combined_chance(kinds, each, layers, grid)


def _near(codes: str, units: gpd.GeoDataFrame, grid: Grid, radius_m: float) -> _F64:
    """Return the share of the communes that lies within the radius of each cell's centre."""
    ground = ground_of(codes, units, grid)
    if ground is None:
        return np.zeros(grid.shape)
    reach = int(np.floor(radius_m / grid.cell_size))
    away = np.arange(-reach, reach + 1) * grid.cell_size
    disc = (np.hypot(*np.meshgrid(away, away)) <= radius_m).astype(np.float64)
    share: _F64 = np.clip(fftconvolve(ground.astype(np.float64), disc, mode="same") / ground.sum(), 0.0, 1.0)
    share[share < _NOTHING] = 0.0
    return share
