"""Strata of places: how far the nearest sample, how rough the ground, what covers it, how near the planning level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from geo.sample.land import BUILT, CROP, GRASS, SHRUB, TREE, WATER
from geo.sample.terrain import Terrain

__all__ = [
    "COVERS",
    "DISTANCES",
    "NEARNESS",
    "TERRAINS",
    "cover_class",
    "distance_class",
    "nearest_km",
    "nearness_class",
    "terrain_class",
]

_F64 = npt.NDArray[np.float64]
_Codes = npt.NDArray[np.int8]

_EDGES_KM = (0.2, 0.5, 1.0, 2.0, 5.0)
DISTANCES = ("0-0.2 km", "0.2-0.5 km", "0.5-1 km", "1-2 km", "2-5 km", "> 5 km")
#: Range of height within some 0.75 km; see :func:`terrain_class`.
TERRAINS = ("flat", "rough")
_ROUGH_M = 300.0
_COVER_CODES = (TREE, SHRUB, GRASS, CROP, BUILT, WATER)
COVERS = ("tree", "shrub", "grass", "crop", "built", "water")
#: Of the product's mean level to the planning level.
NEARNESS = ("within 10 dB", "beyond 10 dB")
_NEAR_DB = 10.0


def distance_class(km: _F64) -> _Codes:
    """Return positions in :data:`DISTANCES`; an edge belongs to the nearer class."""
    return np.searchsorted(_EDGES_KM, km, side="left").astype(np.int8)


def nearest_km(x_m: _F64, y_m: _F64, sample_x_m: _F64, sample_y_m: _F64) -> _F64:
    """Return the distance of the nearest sample; infinite where there is none."""
    if not len(sample_x_m):
        return np.full(len(x_m), np.inf)
    found, _ = cKDTree(np.column_stack([sample_x_m, sample_y_m])).query(np.column_stack([x_m, y_m]))
    return np.asarray(found / 1000.0, dtype=np.float64)


def terrain_class(terrain: Terrain, lon: _F64, lat: _F64) -> _Codes:
    """Return positions in :data:`TERRAINS`: rough where heights within about 0.75 km range over 300 m or more (about half of the land).

    The window is 17 x 17 cells of 3 arc-seconds, 1.46 x 1.57 km.
    """
    height = terrain.height_m
    relief = ndimage.maximum_filter(height, 17) - ndimage.minimum_filter(height, 17)
    return np.asarray(relief[terrain.lattice.cell(lon, lat)] >= _ROUGH_M, dtype=np.int8)


def cover_class(land_cover: npt.NDArray[np.uint8], terrain: Terrain, lon: _F64, lat: _F64) -> _Codes:
    """Return positions in :data:`COVERS`."""
    table = np.full(256, -1, dtype=np.int8)
    table[list(_COVER_CODES)] = np.arange(len(_COVER_CODES))
    return np.asarray(table[land_cover[terrain.lattice.cell(lon, lat)]], dtype=np.int8)


def nearness_class(level_dbm: _F64, threshold_dbm: float) -> _Codes:
    """Return positions in :data:`NEARNESS`; out of every cell's reach (no level) is beyond."""
    return np.asarray(~(np.abs(level_dbm - threshold_dbm) <= _NEAR_DB), dtype=np.int8)
