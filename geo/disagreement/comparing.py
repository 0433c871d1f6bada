"""Claim, measurement and model of a layer, cell by cell, and how much area and how many people each class has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import EQUAL_AREA_EPSG, transform
from geo.disagreement.claim_layers import ClaimLayer
from geo.disagreement.classes import (
    Claim,
    Disagreement,
    Measured,
    Modelled,
    classify,
    measured_verdict,
    modelled_verdict,
)
from geo.disagreement.settings import DisagreementSettings
from geo.errors import GridMismatchError
from geo.grid import Grid

__all__ = ["Amounts", "ComparedLayer", "amounts", "cell_area_km2", "compare_layer", "three_way"]

_F64 = npt.NDArray[np.float64]
_U8 = npt.NDArray[np.uint8]
_M2_PER_KM2 = 1e6
_STRIP = 256  # rows whose corners are projected at once


@dataclass(frozen=True, slots=True, eq=False)
class ComparedLayer:
    """One operator's technology, compared.

    Attributes
    ----------
    claim : ClaimLayer
    measured, modelled, disagreement : (rows, columns) uint8 arrays
        Codes of :class:`Measured`, :class:`Modelled`, :class:`Disagreement`.
    cells : DataFrame
        What was measured in cells (:func:`geo.measured.measured_cells`), this layer's.
    """

    claim: ClaimLayer
    measured: _U8
    modelled: _U8
    disagreement: _U8
    cells: pd.DataFrame

    @property
    def operator(self) -> str:
        """Operator."""
        return self.claim.operator

    @property
    def technology(self) -> str:
        """Technology."""
        return self.claim.technology


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Cells, area and people of groups of cells.

    Attributes
    ----------
    cells : (n,) int64 array
    area_km2 : (n,) float64 array
    population : (n,) float64 array
        People where they are known; 0 for a group without cells, NaN for one in none of whose cells they are known.
    population_unknown_km2 : (n,) float64 array
        Area in which they are not known.
    """

    cells: npt.NDArray[np.int64]
    area_km2: _F64
    population: _F64
    population_unknown_km2: _F64


def cell_area_km2(grid: Grid) -> _F64:
    """Return the area of each cell in EPSG:6933, from its projected corners.

    Parameters
    ----------
    grid : Grid
        In metres.

    Returns
    -------
    (rows, columns) float64 array
    """
    x = grid.x_min + np.arange(grid.columns + 1) * grid.cell_size
    out = np.empty(grid.shape)
    for top in range(0, grid.rows, _STRIP):
        bottom = min(top + _STRIP, grid.rows)
        y = grid.y_max - np.arange(top, bottom + 1) * grid.cell_size
        mesh_x, mesh_y = np.meshgrid(x, y)
        px, py = transform(mesh_x.ravel(), mesh_y.ravel(), grid.epsg, EQUAL_AREA_EPSG)
        u, v = px.reshape(mesh_x.shape), py.reshape(mesh_x.shape)
        # Half the cross product of a quadrilateral's diagonals.
        out[top:bottom] = 0.5 * np.abs(
            (u[1:, 1:] - u[:-1, :-1]) * (v[:-1, 1:] - v[1:, :-1]) - (u[:-1, 1:] - u[1:, :-1]) * (v[1:, 1:] - v[:-1, :-1])
        )
    return out / _M2_PER_KM2


def compare_layer(
    claim: ClaimLayer,
    state: _U8,
    inside: npt.NDArray[np.bool_],
    cells: pd.DataFrame,
    settings: DisagreementSettings,
    *,
    predicted: _U8 | None = None,
) -> ComparedLayer:
    """Hold a claim against what was measured and what is predicted.

    Parameters
    ----------
    claim : ClaimLayer
    state : (rows, columns) uint8 array
        Codes of :class:`geo.coverage.states.State`: the layer's state, after fusion where there was one.
    inside : (rows, columns) bool array
        The area compared.
    cells : DataFrame
        Rows of :func:`geo.measured.measured_cells`; those of other layers are passed over.
    settings : DisagreementSettings
    predicted : (rows, columns) uint8 array, optional
        State before fusion, so that the model stands beside the measurements and not behind them; by default ``state``.

    Raises
    ------
    GridMismatchError
        If the arrays do not share one shape.
    """
    if not claim.claim.shape == state.shape == inside.shape == (state if predicted is None else predicted).shape:
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    mine = cells[(cells["operator"] == claim.operator) & (cells["technology"] == claim.technology)]
    share, tests, spots = (np.full(state.shape, v) for v in (np.nan, 0.0, 0.0))
    row, column = mine["row"].to_numpy(dtype=np.int64), mine["column"].to_numpy(dtype=np.int64)
    for array, name in ((share, "share"), (tests, "tests"), (spots, "tested_spots")):
        array[row, column] = mine[name].to_numpy(dtype=np.float64)
    measured = measured_verdict(state, share, tests, spots, settings)
    modelled = modelled_verdict(state if predicted is None else predicted)
    return ComparedLayer(claim, measured, modelled, classify(claim.claim, measured, modelled, inside), mine)


def amounts(group: npt.NDArray[np.integer], n: int, area_km2: _F64, people: _F64 | None) -> Amounts:
    """Return cells, area and people of each of ``n`` groups.

    Parameters
    ----------
    group : (cells,) int array
        Group of each cell.
    n : int
    area_km2 : (cells,) float64 array
    people : (cells,) float64 array or None
        NaN unknown; None: nothing is known of people.
    """
    place = group.astype(np.int64)
    cells = np.bincount(place, minlength=n)
    known = np.zeros(len(place), dtype=bool) if people is None else np.isfinite(people)
    counted = np.bincount(place, np.where(known, 0.0 if people is None else people, 0.0), minlength=n)
    any_known = np.bincount(place, known, minlength=n) > 0
    return Amounts(
        cells.astype(np.int64), np.bincount(place, area_km2, minlength=n).astype(np.float64),
        np.where(any_known | (cells == 0), counted, np.nan), np.bincount(place, area_km2 * ~known, minlength=n).astype(np.float64),
    )  # fmt: skip


def three_way(layer: ComparedLayer, area_km2: _F64, people: _F64 | None = None) -> pd.DataFrame:
    """Return area and people by claim, measurement and model: every cell of the area is in exactly one row.

    Parameters
    ----------
    layer : ComparedLayer
    area_km2 : (rows, columns) float64 array
    people : (rows, columns) float64 array, optional
        NaN unknown.

    Returns
    -------
    DataFrame
        ``operator``, ``technology``, ``claim``, ``measured``, ``modelled``, ``class``, ``cells``, ``area_km2``, ``population``,
        ``population_unknown_km2``; the combinations that occur.
    """
    inside = layer.disagreement != Disagreement.OUTSIDE
    kinds = (len(Claim), len(Measured), len(Modelled))
    codes = (layer.claim.claim[inside], layer.measured[inside], layer.modelled[inside])
    key = np.ravel_multi_index(tuple(c.astype(np.int64) for c in codes), kinds)
    n = int(np.prod(kinds))
    found = amounts(key, n, area_km2[inside], None if people is None else people[inside])
    classes = np.zeros(n, dtype=np.int64)
    classes[key] = layer.disagreement[inside]
    present = np.flatnonzero(found.cells)
    claim, measured, modelled = np.unravel_index(present, kinds)
    return pd.DataFrame(
        {
            "operator": layer.operator,
            "technology": layer.technology,
            "claim": [Claim(int(c)).name.lower() for c in claim],
            "measured": [Measured(int(c)).name.lower() for c in measured],
            "modelled": [Modelled(int(c)).name.lower() for c in modelled],
            "class": [Disagreement(int(c)).code for c in classes[present]],
            "cells": found.cells[present],
            "area_km2": found.area_km2[present],
            "population": found.population[present],
            "population_unknown_km2": found.population_unknown_km2[present],
        }
    )
