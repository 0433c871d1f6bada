"""Land cover in ESA WorldCover classes and the modelled population raster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from geo.sample.frame import FloatArray, Lattice
from geo.sample.settlements import Settlements
from geo.sample.terrain import COARSE_FACTOR, Terrain, gaussian_field

__all__ = ["BUILT", "CROP", "GRASS", "SHRUB", "TREE", "WATER", "build_land_cover", "build_population"]

TREE, SHRUB, GRASS, CROP, BUILT, WATER = 10, 20, 30, 40, 50, 80


def _density(lattice: Lattice, settlements: Settlements) -> FloatArray:
    row, column = lattice.cell(
        settlements.buildings["lon"].to_numpy(), settlements.buildings["lat"].to_numpy()
    )
    count = np.zeros(lattice.shape)
    np.add.at(count, (row, column), 1.0)
    return count


def build_land_cover(
    rng: np.random.Generator, terrain: Terrain, settlements: Settlements
) -> npt.NDArray[np.uint8]:
    """Return the class of every 3 arc-second cell."""
    lattice = terrain.lattice
    gradient = np.gradient(terrain.height_m, lattice.cell_m[1], lattice.cell_m[0])
    slope = ndimage.gaussian_filter(np.degrees(np.arctan(np.hypot(*gradient))), 2)
    patch = gaussian_field(rng, lattice.shape, 9, 1.6)
    broad = gaussian_field(rng, lattice.shape, 45, 1.6)
    density = _density(lattice, settlements)
    tilled = ndimage.gaussian_filter(density, 7)
    wood = 0.055 * (slope - 9) + 0.75 * patch + 0.35 * broad - 9 * np.minimum(tilled, 0.12)
    out = np.full(lattice.shape, SHRUB, dtype=np.uint8)
    out[wood > -0.15] = TREE
    out[wood < -0.8] = GRASS
    out[(slope < 9) & (tilled + 0.02 * patch > 0.02) & (wood < 0.4)] = CROP
    out[ndimage.gaussian_filter(density, 1.0) > 0.45] = BUILT
    river = np.kron(terrain.drainage_km2 >= 250, np.ones((COARSE_FACTOR, COARSE_FACTOR), dtype=bool))
    river = ndimage.gaussian_filter(river.astype(np.float64), 1.2) > 0.42
    out[river & (out != BUILT)] = WATER
    out = ndimage.median_filter(out, 3)
    return np.asarray(out, dtype=np.uint8)


def build_population(
    rng: np.random.Generator, terrain: Terrain, settlements: Settlements
) -> tuple[npt.NDArray[np.float32], Lattice]:
    """Return people per 9 arc-second cell as a model would have it: right in sum, smeared and uneven."""
    lattice = terrain.coarse
    villages, hamlets, buildings = settlements.villages, settlements.hamlets, settlements.buildings
    owner = hamlets["village"].to_numpy()[buildings["hamlet"].to_numpy()]
    person = (villages["population"] / villages["households"]).to_numpy()[owner]
    row, column = lattice.cell(buildings["lon"].to_numpy(), buildings["lat"].to_numpy())
    people = np.zeros(lattice.shape)
    np.add.at(people, (row, column), person)
    people *= np.exp(0.22 * gaussian_field(rng, lattice.shape, 6) - 0.02)
    people = 0.82 * people + 0.18 * ndimage.uniform_filter(people, 3)
    people = np.where(people < 0.4, 0.0, np.round(people * 2) / 2)
    return people.astype(np.float32), lattice
