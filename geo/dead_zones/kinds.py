"""What each cell of the grid lacks: the classes of dead zones, decided from states as those of villages are.

Classes of cells, the first that holds (an unknown or uncertain layer never counts as unserved; a class that would
need one to be unserved is not issued):

``white``            every operator leaves the cell unserved by every technology that counts
``voice_only``       2G serves while it counts, everything better is known unserved by every operator
``no_4g``            2G or 3G serves, 4G and 5G are known unserved by every operator
``single_operator``  one operator serves, all others (one at least) are known unserved
``indoor_only``      somebody serves the street and the houses are known unserved by everybody; only where people
                     live or nobody knows: a cell without people has no indoors. The name is that of the remedy:
                     what is missing there is missing indoors only

``weak`` is decided for whole zones of unserved cells (:mod:`geo.dead_zones.weak`), ``road`` for lines
(:mod:`geo.dead_zones.roads`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.coverage import Coverage, State
from geo.errors import GridMismatchError
from geo.propagation.entry import USES

__all__ = ["SERVED", "UNSERVED", "KindMap", "ZoneKind", "all_kinds", "layer_kinds", "operator_kinds"]

_BOOL = npt.NDArray[np.bool_]
_F64 = npt.NDArray[np.float64]
_U8 = npt.NDArray[np.uint8]

SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)


@dataclass(frozen=True, slots=True)
class ZoneKind:
    """What the cells of a zone have in common.

    Attributes
    ----------
    name : str
        The class; empty for zones of one operator or one layer.
    layers : tuple of int
        Layers of the coverage that are missing there.
    operators_missing : tuple of str
        Sorted.
    serving : str
        The one operator that serves (``single_operator``), else empty.
    """

    name: str
    layers: tuple[int, ...]
    operators_missing: tuple[str, ...]
    serving: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class KindMap:
    """What each cell lacks.

    Attributes
    ----------
    code : (rows, columns) uint8 array
        0: nothing that makes a zone; k: ``kinds[k - 1]``.
    kinds : tuple of ZoneKind
    measured : (rows, columns) uint8 array
        Of the layers looked at, measured (served or unserved): 0 none, 1 some, 2 all.
    """

    code: _U8
    kinds: tuple[ZoneKind, ...]
    measured: _U8


def _in(state: _U8, codes: Iterable[State]) -> _BOOL:
    table = np.zeros(256, dtype=bool)
    table[[int(c) for c in codes]] = True
    return np.asarray(table[state], dtype=np.bool_)


class _Evidence:
    """Whether layers are measured, cell by cell."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._some, self._all = np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool)

    def add(self, state: _U8) -> None:
        measured = _in(state, (State.MEASURED_SERVED, State.MEASURED_UNSERVED))
        self._some |= measured
        self._all &= measured

    @property
    def code(self) -> _U8:
        return (self._some.astype(np.uint8) + (self._some & self._all)).astype(np.uint8)


def layer_kinds(coverage: Coverage, layer: int) -> KindMap:
    """Return the unserved cells of one layer.

    Parameters
    ----------
    coverage : Coverage
    layer : int
        Position in ``coverage.layers``.
    """
    state = np.asarray(coverage.state[layer])
    evidence = _Evidence(coverage.grid.shape)
    evidence.add(state)
    kind = ZoneKind("", (layer,), (coverage.layers[layer][0],))
    return KindMap(_in(state, UNSERVED).astype(np.uint8), (kind,), evidence.code)


def operator_kinds(coverage: Coverage, operator: str, counting: Sequence[str]) -> KindMap:
    """Return the cells that an operator leaves unserved by all its technologies that count.

    Parameters
    ----------
    coverage : Coverage
    operator : str
    counting : sequence of str
        Technologies that count as service.
    """
    layers = tuple(i for i, (o, t) in enumerate(coverage.layers) if o == operator and t in counting)
    evidence = _Evidence(coverage.grid.shape)
    for i in layers:
        evidence.add(np.asarray(coverage.state[i]))
    state = coverage.operator_state(operator, counting)
    return KindMap(_in(state, UNSERVED).astype(np.uint8), (ZoneKind("", layers, (operator,)),), evidence.code)


def all_kinds(coverage: Coverage, counting: Sequence[str], population: _F64 | None = None) -> KindMap:
    """Return the classes of all cells over all operators.

    Parameters
    ----------
    coverage : Coverage
        ``indoor_only`` needs its ``all_by_use``.
    counting : sequence of str
        Technologies that count as service.
    population : (rows, columns) float64 array, optional
        People per cell, NaN unknown; tells where nobody lives.
    """
    shape = coverage.grid.shape
    if population is not None and population.shape != shape:
        raise GridMismatchError("Các lớp không cùng lưới.", "The layers do not share one grid.")
    layers = [(i, o, t) for i, (o, t) in enumerate(coverage.layers) if t in counting]
    operators = coverage.operators
    found = _Found(coverage, layers)
    everyone = set(operators) == {o for _, o, _ in layers}  # an operator without a layer that counts is unknown
    slow, fast = [t for t in counting if t in ("2G", "3G")], [t for t in counting if t not in ("2G", "3G")]
    kinds: list[ZoneKind] = []
    code = np.zeros(shape, dtype=np.uint8)

    def put(cells: _BOOL, kind: ZoneKind) -> None:
        kinds.append(kind)
        code[(code == 0) & cells] = len(kinds)

    every = tuple(i for i, _, _ in layers)
    if everyone and layers:
        put(found.all_unserved(operators), ZoneKind("white", every, operators))
        for name, held, lacking in (
            ("voice_only", ["2G"], [t for t in counting if t != "2G"]),
            ("no_4g", slow, fast),
        ):
            missing = tuple(i for i, _, t in layers if t in lacking)
            if {o for i, o, _ in layers if i in missing} != set(operators):
                continue  # an operator of which nothing is known there
            put(found.any_served(held) & found.none_serves(lacking), ZoneKind(name, missing, operators))
        for operator in operators if len(operators) > 1 else ():
            others = tuple(o for o in operators if o != operator)
            missing = tuple(i for i, o, _ in layers if o != operator)
            put(
                found.served[operator] & found.all_unserved(others),
                ZoneKind("single_operator", missing, others, operator),
            )
    if coverage.all_by_use is not None and layers:
        indoors = np.asarray(coverage.all_by_use[USES.index("indoor")])
        lived_in = np.ones(shape, dtype=bool) if population is None else np.isnan(population) | (population > 0)
        outdoors = _in(coverage.all_state(counting), SERVED)
        put(outdoors & _in(indoors, UNSERVED) & lived_in, ZoneKind("indoor_only", (), operators))
    return KindMap(code, tuple(kinds), found.evidence.code)


class _Found:
    """Who serves and who is known not to, gathered one layer at a time."""

    def __init__(self, coverage: Coverage, layers: Sequence[tuple[int, str, str]]) -> None:
        self._shape = coverage.grid.shape
        self.evidence = _Evidence(self._shape)
        self.served = {o: np.zeros(self._shape, dtype=bool) for o in coverage.operators}
        self._unserved = {o: np.ones(self._shape, dtype=bool) for o in coverage.operators}
        self._served_by: dict[str, _BOOL] = {}
        self._unserved_by: dict[str, _BOOL] = {}
        for i, operator, technology in layers:
            state = np.asarray(coverage.state[i])
            self.evidence.add(state)
            serves, not_ = _in(state, SERVED), _in(state, UNSERVED)
            self.served[operator] |= serves
            self._unserved[operator] &= not_
            self._served_by[technology] = self._served_by.get(technology, np.zeros(self._shape, dtype=bool)) | serves
            self._unserved_by[technology] = self._unserved_by.get(technology, np.ones(self._shape, dtype=bool)) & not_

    def all_unserved(self, operators: Iterable[str]) -> _BOOL:
        """Tell which cells all of the operators are known not to serve."""
        out = np.ones(self._shape, dtype=bool)
        for operator in operators:
            out &= self._unserved[operator]
        return out

    def any_served(self, technologies: Iterable[str]) -> _BOOL:
        """Tell which cells any of the technologies serves."""
        out = np.zeros(self._shape, dtype=bool)
        for technology in technologies:
            out |= self._served_by.get(technology, np.zeros(self._shape, dtype=bool))
        return out

    def none_serves(self, technologies: Iterable[str]) -> _BOOL:
        """Tell which cells all layers of the technologies are known not to serve."""
        out = np.ones(self._shape, dtype=bool)
        for technology in technologies:
            out &= self._unserved_by.get(technology, np.ones(self._shape, dtype=bool))
        return out
