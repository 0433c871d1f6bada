"""People of zones with their spread: low, central and high from joint draws of the field.

In draw j the people of a zone that are without signal are the sum over its cells of the people of the cell times
the product, over the layers that are missing there, of the share of the cell below the planning level. Figures of
draw j of different cells and layers belong together: neighbours err together, and so do a sum's parts. The total
over zones is therefore summed draw by draw, and its ends are quantiles of these sums, not sums of quantiles.

What is approximated
--------------------
- Within a cell the layers are taken as independent, given the draw (the product).
- A zone's outline is taken as it is: people of uncertain cells beyond it are in no draw of it.
- Cells are drawn in blocks (``block_cells``). Zones stay whole in a block where they fit; larger ones are cut into
  squares. How cells of different blocks hang together is up to who draws: a field that is drawn anew for every
  call leaves them independent, which makes the ends of large zones, and of totals, too narrow. A zone is cut once
  its side is some hundred cells, many times the length over which errors of a calibrated model hang together.
- Cells known to hold nobody are not drawn: they change no sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.dead_zones.kinds import ZoneKind
from geo.dead_zones.settings import DeadZoneSettings
from geo.dead_zones.zones import Zones
from geo.errors import InputError

__all__ = ["TOTAL_COLUMNS", "UnservedDraws", "ZonePeople", "people_totals", "zone_people"]

_BOOL = npt.NDArray[np.bool_]
_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Columns of the totals.
TOTAL_COLUMNS = ("class", "zones", "area_km2", "population", "population_low", "population_high", "draws")
#: Shares may leave 0..1 by rounding only.
_ROUNDING = 1e-9


class UnservedDraws(Protocol):
    """Joint draws of how much of a cell lies below the planning level."""

    def __call__(self, layer: int, row: _I64, column: _I64) -> _F64:
        """Return the share of each cell below the layer's planning level in each draw.

        Parameters
        ----------
        layer : int
            Position in ``Coverage.layers``.
        row, column : (n,) int64 arrays
            Cells of the grid, no cell twice.

        Returns
        -------
        (n, draws) float64 array
            0..1, NaN where nothing can be drawn; the same number of draws (100 at least) in every call. Draw j is
            one possible truth: of all cells of a call, and of all layers. Chance numbers that begin anew with every
            call would make blocks and layers err alike; they must differ by layer and by cells, or be one stream.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ZonePeople:
    """People of zones.

    Attributes
    ----------
    in_cells : (n,) float64 array
        People in the zone's cells; NaN where no cell has a figure.
    unknown_km2 : (n,) float64 array
        Area of the cells without a figure.
    central, low, high : (n,) float64 arrays
        Median and ends of the draws; where nothing could be drawn central is ``in_cells`` and the ends are NaN.
    drawn : (n, draws) float64 array or None
        People without signal in every draw.
    cut : (n,) bool array
        Zones drawn in more than one block.
    """

    in_cells: _F64
    unknown_km2: _F64
    central: _F64
    low: _F64
    high: _F64
    drawn: _F64 | None
    cut: _BOOL


def zone_people(
    zones: Zones,
    kinds: Sequence[ZoneKind],
    area_km2: _F64,
    population: _F64 | None,
    draws: UnservedDraws | None,
    settings: DeadZoneSettings,
) -> ZonePeople:
    """Return the people of each zone.

    Parameters
    ----------
    zones : Zones
    kinds : sequence of ZoneKind
        Their ``layers`` are those whose shares are multiplied. A kind without layers (``indoor_only``) has no
        draws: its ends are NaN.
    area_km2 : (rows, columns) float64 array
        Of every cell.
    population : (rows, columns) float64 array or None
        People per cell; NaN unknown.
    draws : UnservedDraws or None
    settings : DeadZoneSettings

    Raises
    ------
    InputError
        If a call of ``draws`` does not return what it promises.
    """
    n = len(zones)
    nothing = np.full(n, np.nan)
    if population is None:
        return ZonePeople(nothing, zones.sums(zones.of(area_km2)), nothing, nothing, nothing, None, np.zeros(n, dtype=bool))
    people = np.asarray(zones.of(population), dtype=np.float64)
    known = np.isfinite(people)
    some = zones.sums(known) > 0
    in_cells = np.where(some, zones.sums(np.where(known, people, 0.0)), np.nan)
    unknown_km2 = zones.sums(np.where(known, 0.0, zones.of(area_km2)))
    if draws is None:
        return ZonePeople(in_cells, unknown_km2, in_cells, nothing, nothing, None, np.zeros(n, dtype=bool))
    drawn, cut = _drawn(zones, kinds, np.where(known, people, 0.0), draws, settings)
    asked = some & np.array([bool(kinds[k].layers) for k in zones.kind], dtype=bool)
    if drawn is None:  # nobody lives in any of them
        drawn = np.zeros((n, settings.least_draws))
    drawn[~asked] = np.nan
    low, central, high = np.quantile(drawn, [settings.low_quantile, 0.5, settings.high_quantile], axis=1)
    return ZonePeople(in_cells, unknown_km2, np.where(np.isnan(central), in_cells, central), low, high, drawn, cut)


def people_totals(zones: Zones, names: Sequence[str], area_km2: _F64, people: ZonePeople, settings: DeadZoneSettings) -> pd.DataFrame:
    """Return people over all zones of a class, of ``white`` and ``weak`` together, and of all.

    Parameters
    ----------
    zones : Zones
    names : sequence of str
        Class of each zone.
    area_km2 : (rows, columns) float64 array
    people : ZonePeople
    settings : DeadZoneSettings

    Returns
    -------
    DataFrame
        Columns :data:`TOTAL_COLUMNS`. The row ``unserved`` holds ``white`` and ``weak``, the row ``all`` every zone;
        their people lack different things. Zones whose people are unknown are left out of the sums; where
        there are none with people known the figures are NaN. Ends are those of the sums draw by draw, over the zones
        that could be drawn, and NaN as soon as one with known people could not.
    """
    name_of = np.array(list(names), dtype=object)
    area = zones.sums(zones.of(area_km2))
    classes = {name: name_of == name for name in dict.fromkeys(names)}
    if "white" in classes or "weak" in classes:
        classes["unserved"] = np.isin(name_of.astype(str), ["white", "weak"])
    classes["all"] = np.ones(len(zones), dtype=bool)
    rows = []
    for name, mine in classes.items():
        counted = mine & np.isfinite(people.in_cells)
        central, low, high, draws = np.nan, np.nan, np.nan, 0
        if counted.any():
            central = float(people.central[counted].sum())
        if counted.any() and people.drawn is not None and np.isfinite(people.drawn[counted]).all():
            total = people.drawn[counted].sum(axis=0)
            draws = len(total)
            low, central, high = (float(v) for v in np.quantile(total, [settings.low_quantile, 0.5, settings.high_quantile]))
        rows.append((name, int(mine.sum()), float(area[mine].sum()), central, low, high, draws))
    return pd.DataFrame(rows, columns=list(TOTAL_COLUMNS))


def _drawn(
    zones: Zones, kinds: Sequence[ZoneKind], people: _F64, draws: UnservedDraws, settings: DeadZoneSettings
) -> tuple[_F64 | None, _BOOL]:
    """Return people without signal per zone and draw, and which zones were cut; None where nobody lives."""
    layers = sorted({layer for kind in kinds for layer in kind.layers})
    lacks = np.zeros((len(kinds), max(layers, default=-1) + 1), dtype=bool)
    for k, kind in enumerate(kinds):
        lacks[k, list(kind.layers)] = True
    zone_of = zones.zone
    lacking = lacks[zones.kind]
    lived_in = np.flatnonzero((people > 0) & np.asarray(lacking.any(axis=1))[zone_of])
    out: _F64 | None = None
    times = np.zeros(len(zones), dtype=np.int64)
    for block in _blocks(zones, zone_of, lived_in, settings.block_cells):
        row, column, zone = zones.row[block], zones.column[block], zone_of[block]
        without: _F64 | None = None
        for layer in layers:
            mine = np.flatnonzero(lacking[zone, layer])
            if not mine.size:
                continue
            share = _checked(draws(layer, row[mine], column[mine]), len(mine), settings, without if without is not None else out)
            if without is None:
                without = np.ones((len(block), share.shape[1]))
            without[mine] *= share
        if without is None:
            continue
        if out is None:
            out = np.zeros((len(zones), without.shape[1]))
        without *= people[block][:, None]
        starts = np.flatnonzero(np.r_[True, np.diff(zone) != 0])
        out[zone[starts]] += np.add.reduceat(without, starts, axis=0)
        times[zone[starts]] += 1
    return out, times > 1


def _checked(share: _F64, cells: int, settings: DeadZoneSettings, like: _F64 | None) -> _F64:
    share = np.asarray(share, dtype=np.float64)
    if share.ndim != 2 or len(share) != cells or share.shape[1] < settings.least_draws:
        raise InputError(
            f"Cần ít nhất {settings.least_draws} lần rút cho mỗi ô của {cells} ô; nhận được mảng {share.shape}.",
            f"At least {settings.least_draws} draws of each of {cells} cells are needed; an array {share.shape} came.",
        )
    if like is not None and share.shape[1] != like.shape[1]:
        raise InputError(
            f"Số lần rút phải như nhau ở mọi lần gọi: {like.shape[1]} rồi {share.shape[1]}.",
            f"The number of draws must be the same in every call: {like.shape[1]}, then {share.shape[1]}.",
        )
    if ((share < -_ROUNDING) | (share > 1.0 + _ROUNDING)).any():
        raise InputError("Phần diện tích ô phải từ 0 đến 1.", "Shares of a cell must be 0 to 1.")
    return share


def _blocks(zones: Zones, zone_of: _I64, cells: _I64, most: int) -> Iterator[_I64]:
    """Yield positions of cells: zones whole where they fit, neighbours in the list together; else squares of a zone."""
    if not cells.size:
        return
    zone = zone_of[cells]
    edges = np.flatnonzero(np.r_[True, np.diff(zone) != 0, True])
    start = 0
    for i in range(len(edges) - 1):
        if edges[i + 1] - edges[i] > most:
            if edges[i] > start:
                yield cells[start : edges[i]]
            yield from _squares(zones, cells[edges[i] : edges[i + 1]], most)
            start = edges[i + 1]
        elif edges[i + 1] - start > most:
            yield cells[start : edges[i]]
            start = edges[i]
    if start < len(cells):
        yield cells[start:]


def _squares(zones: Zones, cells: _I64, most: int) -> Iterator[_I64]:
    side = max(1, int(np.sqrt(most)))
    row, column = zones.row[cells] // side, zones.column[cells] // side
    order = np.lexsort((column, row))
    changed = np.flatnonzero((np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)) + 1
    for part in np.split(order, changed):
        yield cells[np.sort(part)]
