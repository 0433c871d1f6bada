"""What the layers say at a place: who serves it, its class, its best server, and what that rests on.

The class is the first that holds (codes; what people read comes from the strings):

``white``            the point is unserved by every operator
``undecided``        nobody serves for sure, somebody is uncertain or unknown
``weak``             the point is served, a cluster of at least N households is not
``voice_only``       served by 2G alone, while 2G counts, and all better technologies are known unserved
``no_4g``            the best is 3G, and 4G and 5G are known unserved
``single_operator``  one operator serves, all others are known unserved
``served``

Evidence
--------
A class rests on layers of which one is enough (somebody serves) and on layers that all have to hold
(nobody else does):

===================  =========================  ==========================================================
class                one is enough              all have to hold
===================  =========================  ==========================================================
``white``            –                          all layers of all operators at the point
``weak``             layers that serve it       all layers of all operators in the cells of the largest cluster
``voice_only``       2G layers that serve it    the layers of all other technologies
``no_4g``            3G layers that serve it    the layers of 4G and 5G
``single_operator``  layers that serve it       all layers of the other operators
``served``           layers that serve it       –
===================  =========================  ==========================================================

Layers of technologies that do not count are never among them. ``measured``: one of the first and all of the
second are measured, so that the class holds without any prediction. ``predicted``: none of them is measured.
``both``: some are, but the class needs a prediction too. An undecided place rests on the layers that are not
unknown: all measured, none, or some of them; ``none`` where nothing is known at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.coverage import TECHNOLOGIES, Coverage, CoverageSettings, Reason, State

__all__ = ["MEASURED", "SERVED", "UNSERVED", "BestServer", "Place", "PlaceLayer", "PlaceLayers", "evidence_of"]

SERVED = (State.MEASURED_SERVED, State.PREDICTED_SERVED)
UNSERVED = (State.PREDICTED_UNSERVED, State.MEASURED_UNSERVED)
MEASURED = (State.MEASURED_SERVED, State.MEASURED_UNSERVED)
_F64 = npt.NDArray[np.float64]


class PlaceLayer(NamedTuple):
    """One layer at one place; ``outside`` where the place lies beyond the area or is not known."""

    operator: str
    technology: str
    state: State
    reason: Reason
    level_dbm: float
    probability: float
    outside: bool


class BestServer(NamedTuple):
    """The best server of a place; empty and NaN where none is known."""

    operator: str
    technology: str
    level_dbm: float
    probability: float
    margin_db: float


@dataclass(frozen=True, slots=True, eq=False)
class PlaceLayers:
    """All layers at places; build with :meth:`at`.

    Attributes
    ----------
    layers : tuple of (operator, technology)
    state, reason : (layers, n) uint8 arrays
        Unknown where the place is outside.
    level_dbm, probability, margin_sd : (layers, n) float64 arrays
    outside : (layers, n) bool array
    """

    layers: tuple[tuple[str, str], ...]
    state: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint8]
    level_dbm: _F64
    probability: _F64
    margin_sd: _F64
    outside: npt.NDArray[np.bool_]

    @classmethod
    def at(cls, coverage: Coverage, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> PlaceLayers:
        """Return the layers at cells of the grid; row -1 is a place outside it."""
        count, n = len(coverage.layers), len(row)
        on_grid = row >= 0
        r, c = np.where(on_grid, row, 0), np.where(on_grid, column, 0)
        state, reason = (np.zeros((count, n), dtype=np.uint8) for _ in range(2))
        level, probability, margin = (np.full((count, n), np.nan) for _ in range(3))
        outside = np.ones((count, n), dtype=bool)
        for i in range(count):  # one layer at a time: the arrays may be files
            state[i] = coverage.state[i][r, c]
            outside[i] = ~on_grid | (state[i] == State.OUTSIDE)
            known = ~outside[i]
            state[i] = np.where(known, state[i], State.UNKNOWN)
            reason[i] = np.where(known, coverage.reason[i][r, c], Reason.NONE)
            for out, given in (
                (level, coverage.level_dbm), (probability, coverage.probability), (margin, coverage.margin_sd),
            ):  # fmt: skip
                out[i] = np.where(known, given[i][r, c], np.nan)
        return cls(coverage.layers, state, reason, level, probability, margin, outside)

    def __len__(self) -> int:
        return int(self.state.shape[1])

    def place(self, i: int, settings: CoverageSettings) -> Place:
        """Return what the layers say at the i-th place."""
        rows = tuple(
            PlaceLayer(
                operator, technology, State(int(self.state[k, i])), Reason(int(self.reason[k, i])),
                float(self.level_dbm[k, i]), float(self.probability[k, i]), bool(self.outside[k, i]),
            )
            for k, (operator, technology) in enumerate(self.layers)
        )  # fmt: skip
        return Place(rows, settings)


def evidence_of(enough: Iterable[State], needed: Iterable[State]) -> str:
    """Return what a statement rests on: ``measured``, ``both`` or ``predicted`` (see the module's text).

    Parameters
    ----------
    enough : iterable of State
        One measured among them will do; empty where no such layer is asked for.
    needed : iterable of State
        All of them have to be measured.
    """
    some, every = [s in MEASURED for s in enough], [s in MEASURED for s in needed]
    if not any(some) and not any(every):
        return "predicted"
    return "measured" if (any(some) or not some) and all(every) else "both"


class Place:
    """What the layers say at one place.

    Parameters
    ----------
    layers : sequence of PlaceLayer
    settings : CoverageSettings
    """

    def __init__(self, layers: Sequence[PlaceLayer], settings: CoverageSettings) -> None:
        self._settings = settings
        self._layers = tuple(layers)
        self.operators = tuple(sorted({layer.operator for layer in layers}))
        self.counting = tuple(layer for layer in layers if layer.technology in settings.counting)

    def of(self, operator: str) -> tuple[PlaceLayer, ...]:
        """Return the layers of an operator that count."""
        return tuple(layer for layer in self.counting if layer.operator == operator)

    def service(self, operator: str) -> str:
        """Return ``served``, ``unserved`` or ``undecided``."""
        states = [layer.state for layer in self.of(operator)]
        if any(s in SERVED for s in states):
            return "served"
        return "unserved" if states and all(s in UNSERVED for s in states) else "undecided"

    @property
    def serving(self) -> list[str]:
        """Operators that serve by a technology that counts."""
        return [o for o in self.operators if self.service(o) == "served"]

    @property
    def unserved(self) -> list[str]:
        """Operators known not to serve."""
        return [o for o in self.operators if self.service(o) == "unserved"]

    @property
    def undecided(self) -> list[tuple[str, str]]:
        """Operators that neither serve for sure nor are known not to, with the reason."""
        return [(o, self.why(o)) for o in self.operators if self.service(o) == "undecided"]

    def why(self, operator: str) -> str:
        """Return the codes of why an operator is undecided, joined by ``+``."""
        codes = set()
        for layer in self.of(operator):
            if layer.state == State.UNCERTAIN:
                codes.add("uncertain")
            elif layer.state == State.UNKNOWN:
                said = layer.reason.name.lower() if layer.reason != Reason.NONE else "not_said"
                codes.add("outside" if layer.outside else said)
        return "+".join(sorted(codes)) or "no_technology"

    @property
    def single(self) -> bool | None:
        """One serves and all others are known not to; None when that cannot be said."""
        serving, unserved = self.serving, self.unserved
        if len(serving) > 1 or not self.operators:
            return False
        if len(serving) == 1:
            return True if len(unserved) == len(self.operators) - 1 else None
        return False if len(unserved) == len(self.operators) else None

    @property
    def not_counting(self) -> list[str]:
        """Operators and technologies that serve here but no longer count."""
        return [
            f"{layer.operator} {layer.technology}"
            for layer in self._layers
            if layer.technology not in self._settings.counting and layer.state in SERVED
        ]

    def _only(self, allowed: set[str]) -> bool:
        """Whether one of the technologies serves and all others that count are known not to."""
        served = {layer.technology for layer in self.counting if layer.state in SERVED}
        others = [layer for layer in self.counting if layer.technology not in allowed]
        return bool(served) and served <= allowed and all(layer.state in UNSERVED for layer in others)

    def place_class(self, weak: bool | None = None) -> str:
        """Return the first class that holds.

        Parameters
        ----------
        weak : bool or None
            Whether a cluster of households is unserved; None cannot be said, or no such thing is asked.
        """
        if not self.serving:
            return "white" if self.operators and len(self.unserved) == len(self.operators) else "undecided"
        if weak is True:
            return "weak"
        if self._only({"2G"}):
            return "voice_only"
        if self._only({"2G", "3G"}):
            return "no_4g"
        return "single_operator" if self.single else "served"

    def evidence(self, place_class: str, cluster: Sequence[State] = ()) -> str:
        """Return what a class rests on: ``measured``, ``predicted``, ``both`` or ``none``.

        Parameters
        ----------
        place_class : str
            Of :meth:`place_class`.
        cluster : sequence of State
            Of the layers that count in the cells of the largest unserved cluster; for ``weak`` alone.
        """
        serving = [layer for layer in self.counting if layer.state in SERVED]
        enough: list[PlaceLayer] = serving
        needed: list[PlaceLayer] = []
        match place_class:
            case "white":
                enough, needed = [], list(self.counting)
            case "undecided":
                enough, needed = [], [layer for layer in self.counting if layer.state != State.UNKNOWN]
                if not needed:
                    return "none"
            case "weak":
                return evidence_of([layer.state for layer in serving], cluster)
            case "voice_only":
                needed = [layer for layer in self.counting if layer.technology != "2G"]
            case "no_4g":
                needed = [layer for layer in self.counting if layer.technology not in {"2G", "3G"}]
            case "single_operator":
                needed = [layer for layer in self.counting if layer.operator not in self.serving]
        return evidence_of([layer.state for layer in enough], [layer.state for layer in needed])

    def operator_evidence(self, operator: str) -> str:
        """Return what :meth:`service` of an operator rests on, by the same rule."""
        own, service = self.of(operator), self.service(operator)
        known = [layer.state for layer in own if layer.state != State.UNKNOWN]
        if not known:
            return "none"
        if service == "served":
            return evidence_of([s for s in known if s in SERVED], [])
        return evidence_of([], known)

    def best(self, operator: str | None = None) -> BestServer:
        """Return the best server that counts, of all operators or of one.

        The newest generation that serves, else the newest that is uncertain; within it the strongest
        operator. Where none does, the one that falls short of its planning level by the least (whether that makes it
        unserved or unknown); blank where no margin is known. The first of equals: layers are sorted.
        """
        among = self.counting if operator is None else self.of(operator)
        levelled = [layer for layer in among if np.isfinite(layer.level_dbm)]
        for states in (SERVED, (State.UNCERTAIN,)):
            chosen = [layer for layer in levelled if layer.state in states]
            if chosen:
                newest = TECHNOLOGIES[max(TECHNOLOGIES.index(layer.technology) for layer in chosen)]
                strongest = max((x for x in chosen if x.technology == newest), key=lambda x: x.level_dbm)
                return self._figures(strongest)
        # Nobody serves: who comes nearest to it. Levels of two technologies do not compare, margins do.
        figures = [f for f in map(self._figures, levelled) if np.isfinite(f.margin_db)]
        return max(figures, key=lambda f: f.margin_db, default=BestServer("", "", np.nan, np.nan, np.nan))

    def _figures(self, layer: PlaceLayer) -> BestServer:
        threshold = self._settings.levels_dbm.get(layer.technology, np.nan)
        return BestServer(
            layer.operator, layer.technology, layer.level_dbm, layer.probability, layer.level_dbm - threshold
        )
