"""Two operators held against each other: which pairs of coverage layers can be, and how many cells each class of a pair has.

The page draws a pair from the images that it holds anyway; the counts are of cells, not of pixels, so that they add up to those of the
layers themselves. A cell that is not decided for one of the two is not decided: what nobody knows of B is no gap of B's.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.mapping.content import CoverageLayer, MapContent
from geo.mapping.labels import Label, pattern
from geo.mapping.palette import Palette

__all__ = ["CLASSES", "comparison_counts", "comparison_data"]

#: Classes of a pair, in the order of their numbers from 1.
CLASSES = ("only_a", "only_b", "both", "neither", "undecided")
_SERVED, _UNSERVED = (1, 2), (4, 5)


def comparison_counts(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> list[int]:
    """Return the cells of each class of :data:`CLASSES`; cells outside the area of one of the two are in none.

    Parameters
    ----------
    a, b : (rows, columns) uint8 array
        States 0 to 6 as in :class:`geo.mapping.content.CoverageLayer`, on one grid.
    """
    inside = (a != 0) & (b != 0)
    a_served, b_served = np.isin(a, _SERVED), np.isin(b, _SERVED)
    a_not, b_not = np.isin(a, _UNSERVED), np.isin(b, _UNSERVED)
    found = [int((inside & mask).sum()) for mask in (a_served & b_not, a_not & b_served, a_served & b_served, a_not & b_not)]
    return [*found, int(inside.sum()) - sum(found)]


def comparison_data(content: MapContent, colours: Palette) -> dict[str, Any] | None:
    """Return pairs with their counts, colours and words; None where no two operators have a technology in common.

    Parameters
    ----------
    content : MapContent
    colours : Palette
    """
    first = len(content.all_operators)  # layers stand after those of all operators on the page
    pairs = [
        {"of": [first + i, first + j], "counts": comparison_counts(content.coverage[i].state, content.coverage[j].state)}
        for i, j in combinations(range(len(content.coverage)), 2)
        if _comparable(content.coverage[i], content.coverage[j])
    ]
    if not pairs:
        return None
    return {
        "pairs": pairs,
        "styles": [
            {"fill": style.fill, "line": style.line, "pattern": style.pattern, "label": _pair(pattern(f"compare.{style.key}"))} for style in colours.comparison
        ],
        "states": [{"code": state.code, "colours": [c for c in (state.colour, state.hatch) if c]} for state in colours.states],
    }


def _comparable(a: CoverageLayer, b: CoverageLayer) -> bool:
    return a.operator != b.operator and (a.technology, a.use, a.grid) == (b.technology, b.use, b.grid)


def _pair(text: Label) -> list[str]:
    return [text.vi, text.en]
