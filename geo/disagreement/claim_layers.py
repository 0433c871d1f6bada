"""An operator's claim for one technology on the grid."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio.features import rasterize

from geo.disagreement.classes import Claim
from geo.grid import Grid
from geo.io.polygons import projected

__all__ = ["ClaimLayer", "claim_layer", "claimed_layers"]

_NEVER = np.datetime64("NaT", "ns")


@dataclass(frozen=True, slots=True, eq=False)
class ClaimLayer:
    """What an operator claims for a technology.

    Attributes
    ----------
    operator, technology : str
    claim : (rows, columns) uint8 array
        Codes of :class:`geo.disagreement.classes.Claim`.
    level_dbm : (rows, columns) float32 array
        Highest of the levels claimed for the cell; NaN where none is stated.
    claim_date : datetime64[ns]
        The latest of its polygons; NaT where none is dated.
    indoor_only : bool
        Every polygon is claimed for use indoors, so that what is not claimed may be served outdoors.
    contradictory_cells : int
        Cells in a polygon that claims and in one that says "no coverage"; they count as claimed.
    """

    operator: str
    technology: str
    claim: npt.NDArray[np.uint8]
    level_dbm: npt.NDArray[np.float32]
    claim_date: np.datetime64
    indoor_only: bool
    contradictory_cells: int

    @property
    def given(self) -> bool:
        """Whether the operator gave a claim for the technology at all."""
        return bool((self.claim != Claim.NOT_GIVEN).any())


def claimed_layers(claims: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return operator and technology of all claims, sorted."""
    pairs = claims[["operator", "technology"]].drop_duplicates()
    return tuple(sorted((str(o), str(t)) for o, t in pairs.itertuples(index=False)))


def claim_layer(claims: gpd.GeoDataFrame, operator: str, technology: str, grid: Grid) -> ClaimLayer:
    """Return the claim of an operator for a technology: claimed are the cells whose centre a polygon holds.

    Cells that no polygon claims are not claimed; without any polygon of the operator and technology the claim is
    not given anywhere.

    Parameters
    ----------
    claims : GeoDataFrame
        As :func:`geo.io.coverage_claims.read_coverage_claims` returns it.
    operator, technology : str
    grid : Grid
        In metres.
    """
    mine = claims[(claims["operator"] == operator) & (claims["technology"] == technology)]
    level = np.full(grid.shape, np.nan, dtype=np.float32)
    if not len(mine):
        not_given = np.full(grid.shape, Claim.NOT_GIVEN, dtype=np.uint8)
        return ClaimLayer(operator, technology, not_given, level, _NEVER, False, 0)
    # What is burnt last stays: the highest level claimed.
    mine = mine.sort_values("level_dbm", na_position="first", kind="stable")
    claimed = mine["claimed"].to_numpy(dtype=bool)
    burnt = _burn(mine[claimed], grid)
    denied = _burn(mine[~claimed], grid) >= 0
    levels = mine["level_dbm"].to_numpy(dtype=np.float32)[claimed]
    inside = burnt >= 0
    level[inside] = levels[burnt[inside]]
    dates = mine["claim_date"].to_numpy(dtype="datetime64[ns]")
    known = dates[~np.isnat(dates)]
    latest = known.max() if len(known) else _NEVER
    uses = mine["use"].to_numpy(dtype=object)[claimed]
    return ClaimLayer(
        operator, technology, np.where(inside, Claim.CLAIMED, Claim.NOT_CLAIMED).astype(np.uint8), level,
        latest, bool(len(uses)) and bool((uses == "indoor").all()), int((inside & denied).sum()),
    )  # fmt: skip


def _burn(claims: gpd.GeoDataFrame, grid: Grid) -> npt.NDArray[np.int32]:
    """Return for each cell the position of the last claim whose polygons hold its centre, -1 for none."""
    pairs = [(shape, i) for i, shape in enumerate(projected(claims, grid.epsg)) if shape is not None and not shape.is_empty]
    if not pairs:
        return np.full(grid.shape, -1, dtype=np.int32)
    burnt = rasterize(pairs, out_shape=grid.shape, transform=grid.transform, fill=-1, dtype="int32")
    return np.asarray(burnt, dtype=np.int32)
