"""How like the fields of an operator's technologies are, and what the measurements of one say of another.

The same hills and houses stand in the way of all technologies of a mast, so where 4G is weaker than foretold 3G is too. That is
more than a saving of measurements. A phone that is free to choose shows 3G only where 4G is bad, so 3G alone is known from bad
places: a field of these levels makes 3G too weak on all the land between, where the phone was on 4G. With the levels of 4G in it
the field knows that the places were chosen, and by what. (Two fields of one covariance function: intrinsic coregionalisation,
H. Wackernagel (2003), Multivariate Geostatistics, chapter 22. That given the 4G field the choice says nothing more of 3G is the
condition of D. Rubin (1976), Biometrika 63(3), for a choice that may be passed over.)

How like they are is estimated from levels that nobody's choice picked out, or nothing is said: then each layer stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.fusion.fitting import FittedField
from geo.fusion.kriging import SmoothField, smooth_field
from geo.fusion.settings import FusionSettings

__all__ = ["Likeness", "Neighbour", "find_likeness", "joined_field", "likeness_matrix"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
#: Standard errors below which a normal estimate lies in one case of twenty.
_ONE_IN_TWENTY = 1.6449
#: Half of the eight squares about a square: with them every pair of neighbours comes once.
_NEXT = ((0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the fields of two technologies of one operator are, over all operators.

    Attributes
    ----------
    technologies : tuple of str
        In the order of the alphabet.
    correlation, error : float
        Of the two fields at one place, and its standard error (jackknife over the ground); NaN where it cannot be told.
    pairs : int
        Of neighbouring squares, both measured on both technologies.
    stretches : int
        Of the ground, that tell independently of each other.
    """

    technologies: tuple[str, str]
    correlation: float
    error: float
    pairs: int
    stretches: int

    def surely(self, least: float) -> bool:
        """Tell whether they are at least so like one another, but for one case in twenty."""
        return self.correlation - _ONE_IN_TWENTY * self.error >= least


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """The field of another technology of the same operator.

    Attributes
    ----------
    fitted : FittedField
    expected_dbm : (n,) float64 array
        Level that is expected of the layer *asked for* at each of its observations; NaN where nothing is predicted.
    """

    fitted: FittedField
    expected_dbm: _F64


def find_likeness(
    x_m: _F64, y_m: _F64, residual: _F64, layer: _I64, layers: Sequence[tuple[str, str]], settings: FusionSettings, *, stretch_m: float
) -> tuple[Likeness, ...]:
    """Return how like each two technologies are.

    From squares of ground of ``likeness_square_m`` where both were measured, beside another such square: the products of residuals
    of *different* squares, between the technologies over those within them. What varies within a square (nugget, device noise) is
    in none of these products, and all three sums are of the same ground. What a layer is off everywhere (a car's loss, a phone of its
    own) is taken off first: it is common to technologies without their fields being alike.

    Parameters
    ----------
    x_m, y_m : (n,) float64 array
        Metres.
    residual : (n,) float64 array
        Standardised; of levels that were not chosen by what they are.
    layer : (n,) int64 array
        Position in ``layers``.
    layers : sequence of (operator, technology)
    settings : FusionSettings
    stretch_m : float
        Side of the squares of ground that count as one stretch.
    """
    side = settings.likeness_square_m
    means = pd.DataFrame(
        {"layer": layer, "column": np.floor(x_m / side).astype(np.int64), "row": np.floor(y_m / side).astype(np.int64), "z": residual}
    ).groupby(["layer", "column", "row"])["z"].mean()  # fmt: skip
    of_layer = {i: means.xs(i, level="layer") for i in means.index.unique("layer")}
    place = {pair: i for i, pair in enumerate(layers)}
    found = []
    for first, second in combinations(sorted({technology for _, technology in layers}), 2):
        parts = []
        for operator in sorted({name for name, _ in layers}):
            one, other = (of_layer.get(place.get((operator, technology), -1)) for technology in (first, second))
            if one is None or other is None:
                continue
            both = pd.DataFrame({"a": one}).join(other.rename("b"), how="inner")
            both = (both - both.mean()).reset_index()
            for across, up in _NEXT:
                next_ = both.assign(column=both["column"] - across, row=both["row"] - up)
                joined = both.merge(next_, on=["column", "row"], suffixes=("", "_next"))
                a, b, a_next, b_next = (joined[c].to_numpy() for c in ("a", "b", "a_next", "b_next"))
                at = np.floor(joined[["column", "row"]].to_numpy(dtype=np.float64) * side / stretch_m)
                sums = (0.5 * (a * b_next + b * a_next), a * a_next, b * b_next)
                parts.append(np.column_stack([at, *sums]))
        found.append(_of_pairs((first, second), np.concatenate([np.empty((0, 5)), *parts]), settings))
    return tuple(found)


def _of_pairs(technologies: tuple[str, str], pairs: _F64, settings: FusionSettings) -> Likeness:
    """Return the likeness by pairs of squares: stretch of ground (2 columns), products across and within (3).

    Operators on the same ground do not tell independently: it is the ground that is alike.
    """
    stretches, of = np.unique(pairs[:, :2], axis=0, return_inverse=True)
    count = len(stretches)
    if count < settings.likeness_stretches:
        return Likeness(technologies, float("nan"), float("nan"), len(pairs), count)
    sums = np.stack([np.bincount(of.ravel(), pairs[:, 2 + k], count) for k in range(3)])
    # Neighbouring stretches hang together: they are left out in blocks.
    block = np.arange(count) * min(settings.blocks, count) // count
    blocks = np.stack([np.bincount(block, each) for each in sums])
    whole = blocks.sum(axis=1)
    values = [_correlation(*total) for total in (whole, *(whole[:, None] - blocks).T)]
    if not np.isfinite(values).all():
        return Likeness(technologies, float("nan"), float("nan"), len(pairs), count)
    without, n = np.array(values[1:]), len(values) - 1
    error = float(np.sqrt((n - 1) / n * np.square(without - without.mean()).sum()))
    return Likeness(technologies, float(np.clip(values[0], -1.0, settings.most_likeness)), error, len(pairs), count)


def _correlation(across: float, first: float, second: float) -> float:
    return float(across / np.sqrt(first * second)) if first > 0 and second > 0 else float("nan")


def likeness_matrix(technologies: Sequence[str], found: Sequence[Likeness]) -> _F64:
    """Return the correlations (k, k) of the fields of technologies, the first of them the one that is asked for.

    The others count as no less like one another than through the one that is asked for: less would say that they err in opposite
    directions beside it, and two of them that agree would tell more than the field itself. Of pairs with the one that is asked for
    of which nothing is known, nothing is taken. What no fields can have together is brought nearer to unlike until they can.

    Parameters
    ----------
    technologies : sequence of str
    found : sequence of Likeness
    """
    of = {frozenset(each.technologies): each.correlation for each in found}
    out = np.eye(len(technologies))
    for i, j in combinations(range(len(technologies)), 2):
        value = of.get(frozenset((technologies[i], technologies[j])), np.nan)
        out[i, j] = out[j, i] = max(value if np.isfinite(value) else 0.0, out[0, i] * out[0, j] if i else -1.0)
    least = float(np.linalg.eigvalsh(out)[0])
    if least < _LEAST_EIGENVALUE:
        share = (1.0 - _LEAST_EIGENVALUE) / (1.0 - least)
        out = share * out + (1.0 - share) * np.eye(len(technologies))
    return out


_LEAST_EIGENVALUE = 1e-3


def joined_field(own: FittedField, others: Sequence[Neighbour], between: _F64, settings: FusionSettings) -> SmoothField:
    """Return a layer's field with the observations of other technologies in it.

    Their values are brought to the spread of the field that is asked for; "no service" counts as what it said in its own field.

    Parameters
    ----------
    own : FittedField
    others : sequence of Neighbour
    between : (1 + others, 1 + others) float64 array
        Of :func:`likeness_matrix`.
    settings : FusionSettings
    """
    field, v = own.field, own.variogram
    lift = field.lift_m / v.level_m_per_db if v.level_m_per_db else np.zeros(len(field.x_m))
    parts = [(field.x_m, field.y_m, field.value, field.noise, lift, np.zeros(len(field.x_m), np.int64))]
    for k, other in enumerate(others, 1):
        f, known = other.fitted.field, np.isfinite(other.expected_dbm)
        sill = other.fitted.variogram.sill_db2
        if sill <= 0.0:
            continue
        ratio = v.sill_db2 / sill
        parts.append((
            f.x_m[known], f.y_m[known], np.sqrt(ratio) * f.value[known], ratio * f.noise[known], other.expected_dbm[known],
            np.full(int(known.sum()), k, dtype=np.int64),
        ))  # fmt: skip
    x, y, value, noise, expected, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    return smooth_field(x, y, value, noise, v, settings, expected_dbm=expected, kind=kind, between=between)
