"""All layers, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.blocks import Correlation
from geo.coverage.states import Coverage, State
from geo.crs import WGS84_EPSG
from geo.disagreement.claim_layers import claim_layer, claimed_layers
from geo.disagreement.comparing import cell_area_km2, compare_layer, three_way
from geo.disagreement.reasons import layer_facts
from geo.disagreement.settings import DisagreementSettings
from geo.disagreement.summary import areas_of, claims_by_area
from geo.disagreement.zones import find_zones
from geo.errors import GridMismatchError

__all__ = ["FoundDisagreement", "find_disagreement"]

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FoundDisagreement:
    """What came out, all layers together.

    Attributes
    ----------
    zones : GeoDataFrame
        See :func:`geo.disagreement.find_zones`.
    by_area : DataFrame
        See :func:`geo.disagreement.claims_by_area`: communes, then provinces, by layer.
    three_way : DataFrame
        See :func:`geo.disagreement.three_way`.
    sieved : DataFrame
        See :func:`geo.disagreement.find_zones`.
    contradictory_cells : mapping of (operator, technology) to int
        Cells that a claim both claims and denies, where there are any.
    """

    zones: gpd.GeoDataFrame
    by_area: pd.DataFrame
    three_way: pd.DataFrame
    sieved: pd.DataFrame
    contradictory_cells: Mapping[tuple[str, str], int]


def find_disagreement(
    claims: gpd.GeoDataFrame,
    coverage: Coverage,
    index: npt.NDArray[np.integer],
    units: gpd.GeoDataFrame,
    cells: pd.DataFrame,
    settings: DisagreementSettings,
    *,
    correlation: Correlation,
    people: _F64 | None = None,
    predicted: npt.NDArray[np.uint8] | None = None,
    sites: pd.DataFrame | None = None,
    planning_dbm: Mapping[str, float] | None = None,
    obstructed: Mapping[tuple[str, str], _F64] | None = None,
) -> FoundDisagreement:
    """Hold every claim against measurements and model.

    Layers are those of ``coverage`` and those claimed beside them (a network that nobody predicted is unknown
    everywhere). A layer without a claim is in ``by_area`` and ``three_way``, as not given.

    Parameters
    ----------
    claims : GeoDataFrame
        See :func:`geo.io.coverage_claims.read_coverage_claims`.
    coverage : Coverage
        After fusion where there was one.
    index : (rows, columns) int array
        See :func:`geo.coverage.unit_index`.
    units : GeoDataFrame
        The communes.
    cells : DataFrame
        See :func:`geo.measured.measured_cells`.
    settings : DisagreementSettings
    correlation : Correlation
        Fitted by the calibration, or its settings' start.
    people : (rows, columns) float64 array, optional
        NaN unknown.
    predicted : (layers, rows, columns) uint8 array, optional
        States before fusion, in the order of ``coverage.layers``.
    sites : DataFrame, optional
        The canonical table of sites.
    planning_dbm : mapping of str to float, optional
        By technology.
    obstructed : mapping of layer to (rows, columns) float array, optional
        1 where the path from the best server is obstructed, 0 free, NaN not known.

    Raises
    ------
    GridMismatchError
        If the arrays do not share the coverage's grid.
    """
    grid = coverage.grid
    if index.shape != grid.shape or (people is not None and people.shape != grid.shape):
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    inside = index >= 0
    area_km2 = cell_area_km2(grid)
    communes, provinces = areas_of(units, index), areas_of(units, index, "province")
    unknown = np.where(inside, State.UNKNOWN, State.OUTSIDE).astype(np.uint8)
    zones, by_area, tables, sieved = [], [], [], []
    contradictory: dict[tuple[str, str], int] = {}
    for operator, technology in dict.fromkeys((*coverage.layers, *claimed_layers(claims))):
        here = (operator, technology) in coverage.layers
        state = np.asarray(coverage.state[coverage.index(operator, technology)]) if here else unknown
        before = np.asarray(predicted[coverage.index(operator, technology)]) if here and predicted is not None else None
        claim = claim_layer(claims, operator, technology, grid)
        layer = compare_layer(claim, state, inside & (state != State.OUTSIDE), cells, settings, predicted=before)
        facts = layer_facts(
            operator, technology, grid, planning_dbm=float((planning_dbm or {}).get(technology, np.nan)), sites=sites,
            obstructed=(obstructed or {}).get((operator, technology)),
        )  # fmt: skip
        if claim.contradictory_cells:
            contradictory[operator, technology] = claim.contradictory_cells
        tables.append(three_way(layer, area_km2, people))
        by_area += [claims_by_area(layer, a, area_km2, people, correlation, settings) for a in (communes, provinces)]
        if claim.given:
            drawn, small = find_zones(layer, grid, area_km2, people, index, list(communes.codes), facts, settings)
            zones.append(drawn)
            sieved.append(small)
    return FoundDisagreement(
        _joined(zones), _stacked(by_area), _stacked(tables), _stacked(sieved), contradictory
    )


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [p for p in parts if len(p)] or parts[:1]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _joined(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    frame = _stacked(list(parts))
    if not len(frame.columns):
        return gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=WGS84_EPSG), crs=WGS84_EPSG)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WGS84_EPSG)
