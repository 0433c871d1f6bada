"""Claims by commune or province: what is claimed, what became of it, and how reliable the claim is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.calibration.blocks import Correlation
from geo.disagreement.classes import Claim, Disagreement
from geo.disagreement.comparing import ComparedLayer, amounts
from geo.disagreement.reliability import claim_reliability
from geo.disagreement.settings import DisagreementSettings

__all__ = ["AREA_COLUMNS", "Areas", "areas_of", "claims_by_area"]

_F64 = npt.NDArray[np.float64]

#: Classes of a cell inside the area.
_KINDS = tuple(kind for kind in Disagreement if kind is not Disagreement.OUTSIDE)
AREA_COLUMNS = (
    "area_code", "area_name", "area_level", "operator", "technology", "claim_given", "claim_date", "area_km2", "claimed_km2",
    "claimed_share", "population", "population_unknown_km2", "population_claimed",
    *(f"{kind.code}_km2" for kind in _KINDS), *(f"{kind.code}_population" for kind in _KINDS),
    "cells_tested", "tests", "successes", "n_effective", "reliability_share", "low", "high", "threshold", "rule_applies", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Communes or provinces on the grid.

    Attributes
    ----------
    level : {"commune", "province"}
    codes, names : (n,) object arrays of str
    index : (rows, columns) int32 array
        Position of each cell's area, -1 for none.
    """

    level: Literal["commune", "province"]
    codes: npt.NDArray[np.object_]
    names: npt.NDArray[np.object_]
    index: npt.NDArray[np.int32]


def areas_of(
    units: pd.DataFrame, index: npt.NDArray[np.integer], level: Literal["commune", "province"] = "commune"
) -> Areas:
    """Return the communes, or the provinces that they make up.

    Parameters
    ----------
    units : DataFrame
        ``commune_code``, ``commune_name``, ``province_code`` and, for provinces, ``province_name``.
    index : (rows, columns) int array
        See :func:`geo.coverage.unit_index`.
    level : {"commune", "province"}
    """
    if level == "commune":
        return Areas(level, units["commune_code"].to_numpy(object), units["commune_name"].to_numpy(object), index.astype(np.int32))
    codes, of_unit = np.unique(units["province_code"].to_numpy(dtype=str), return_inverse=True)
    names = dict(zip(units["province_code"], units["province_name"], strict=True))
    # The last entry takes the cells of no commune (-1).
    place = np.concatenate([of_unit, [-1]]).astype(np.int32)[index]
    return Areas(level, codes.astype(object), np.array([str(names[c]) for c in codes], dtype=object), place)


def claims_by_area(
    layer: ComparedLayer,
    areas: Areas,
    area_km2: _F64,
    people: _F64 | None,
    correlation: Correlation,
    settings: DisagreementSettings,
) -> pd.DataFrame:
    """Return one row per area for a layer, columns :data:`AREA_COLUMNS`.

    The columns ``<class>_km2`` and ``<class>_population`` of all classes add up to ``area_km2`` and ``population``: every cell of
    an area is in exactly one. People are those known (NaN: in no cell of the class; 0: the class has no cell);
    ``population_unknown_km2`` says over how much area they are not. ``reliability_share`` with ``low`` and ``high`` is of tests
    inside what is claimed (:mod:`geo.disagreement.reliability`). ``evidence`` is empty where nothing is claimed.

    Parameters
    ----------
    layer : ComparedLayer
    areas : Areas
    area_km2 : (rows, columns) float64 array
    people : (rows, columns) float64 array or None
        NaN unknown.
    correlation : Correlation
        Of the prediction's errors along the ground.
    settings : DisagreementSettings
    """
    n, kinds = len(areas.codes), len(Disagreement)
    inside = (areas.index >= 0) & (layer.disagreement != Disagreement.OUTSIDE)
    place = areas.index[inside].astype(np.int64)
    size, head = area_km2[inside], None if people is None else people[inside]
    whole = amounts(place, n, size, head)
    claimed_cell = layer.claim.claim[inside] == Claim.CLAIMED
    claimed = amounts(place[claimed_cell], n, size[claimed_cell], None if head is None else head[claimed_cell])
    by_class = amounts(place * kinds + layer.disagreement[inside], n * kinds, size, head)
    found = claim_reliability(layer.cells, layer.claim.claim, np.where(inside, areas.index, -1), claimed.area_km2, correlation, settings)
    columns: dict[str, object] = {
        "area_code": areas.codes,
        "area_name": areas.names,
        "area_level": areas.level,
        "operator": layer.operator,
        "technology": layer.technology,
        "claim_given": layer.claim.given,
        "claim_date": np.full(n, layer.claim.claim_date),
        "area_km2": whole.area_km2,
        "claimed_km2": np.where(layer.claim.given, claimed.area_km2, np.nan),
        "claimed_share": np.divide(
            claimed.area_km2, whole.area_km2, out=np.full(n, np.nan), where=(whole.area_km2 > 0) & layer.claim.given
        ),
        "population": whole.population,
        "population_unknown_km2": whole.population_unknown_km2,
        "population_claimed": np.where(layer.claim.given, claimed.population, np.nan),
    }
    for name, values in (("km2", by_class.area_km2), ("population", by_class.population)):
        table = values.reshape(n, kinds)
        columns |= {f"{kind.code}_{name}": table[:, kind] for kind in _KINDS}
    columns |= {
        "cells_tested": found.cells,
        "tests": found.tests,
        "successes": found.successes,
        "n_effective": found.n_effective,
        "reliability_share": found.share,
        "low": found.low,
        "high": found.high,
        "threshold": np.where(claimed.area_km2 > 0, found.threshold, np.nan),
        "rule_applies": pd.Series(found.rule_applies, dtype="boolean").where(claimed.area_km2 > 0),
        "evidence": found.evidence,
    }
    return pd.DataFrame(columns, index=range(n))[list(AREA_COLUMNS)]
