"""What does not behave: gross errors among measurements, and terrain where the field varies more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.fusion.kriging import SmoothField, leave_one_out
from geo.fusion.observations import Observations, declustered
from geo.fusion.settings import FusionSettings

__all__ = ["ClassScales", "Reweighted", "class_scales", "reweight"]

_F64 = npt.NDArray[np.float64]
#: (E |r|^½)⁴ = 0.457 / 2 × 2 var(r): see geo.fusion.variogram.
_HAWKINS = 0.457
#: Least variance of a class, of the pooled one: a class cannot be all but free of error.
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class ClassScales:
    """Spread of the residuals by terrain class, over the pooled spread.

    Attributes
    ----------
    scale : mapping of int to float
        Shrunk toward 1 where a class has few effective observations.
    effective : mapping of int to int
        Squares of ``fallback_length_m`` in which the class was measured.
    """

    scale: Mapping[int, float]
    effective: Mapping[int, int]

    def of(self, classes: npt.NDArray[np.integer]) -> _F64:
        """Return the scale of each class code; 1 for classes never measured."""
        codes, inverse = np.unique(classes, return_inverse=True)
        return np.array([self.scale.get(int(c), 1.0) for c in codes])[inverse].reshape(classes.shape)


def class_scales(given: Observations, classes: npt.NDArray[np.integer], settings: FusionSettings) -> ClassScales:
    """Return how much more or less the residuals of each terrain class vary.

    The variance about 0 is the robust one of Cressie and Hawkins (1980), less the mean device noise, over squares of ground
    that count alike. A class's
    log scale counts n / (n + ``class_weight``), n being the squares of ``fallback_length_m`` it was measured in.

    Parameters
    ----------
    given : Observations
        Censored ones are left out.
    classes : (n,) int array
        Class of each observation's place (open, obstructed, …).
    settings : FusionSettings
    """
    free = ~given.censored
    if not free.any():
        return ClassScales({}, {})
    residual, noise, code = given.residual_db[free], given.noise_variance_db2[free], classes[free]
    x, y, side = given.x_m[free], given.y_m[free], settings.fallback_length_m
    square = np.floor(np.column_stack((x, y)) / side)
    pooled = _variance(residual, noise, declustered(x, y, side))
    scale, effective = {}, {}
    for c in np.unique(code):
        inside = code == c
        n = len(np.unique(square[inside], axis=0))
        weight = declustered(x[inside], y[inside], side)
        own = max(_variance(residual[inside], noise[inside], weight), _LEAST_SHARE * pooled)
        share = n / (n + settings.class_weight)
        scale[int(c)] = float((own / pooled) ** (0.5 * share)) if pooled > 0 else 1.0
        effective[int(c)] = n
    return ClassScales(scale, effective)


def _variance(residual: _F64, noise: _F64, weight: _F64) -> float:
    root = np.average(np.sqrt(np.abs(residual)), weights=weight)
    return max(float(root**4 / _HAWKINS - np.average(noise, weights=weight)), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Reweighted:
    """A field whose surprising observations count less.

    Attributes
    ----------
    field : SmoothField
    surprising : (n,) bool array
        In the field's order: observations that were given more noise.
    share : float
        How many of all.
    """

    field: SmoothField
    surprising: npt.NDArray[np.bool_]
    share: float


def reweight(field: SmoothField, settings: FusionSettings, *, workers: int = 1) -> Reweighted:
    """Give each observation that its neighbours contradict just so much noise that it no longer surprises.

    With e the difference from what the others foretell (leave-one-out kriging, variance s²), an observation with
    e² > cut² (s² + noise) gets noise e² / cut² − s². Its pull on the field falls as 1 / e: the farther off, the
    less it counts. It is never thrown away, and a lone observation far from all others is judged by the sill.

    Parameters
    ----------
    field : SmoothField
        Without censored observations.
    settings : FusionSettings
    workers : int
    """
    every = np.arange(len(field.value))
    noise = field.noise
    current = field
    for _ in range(settings.outlier_rounds):
        foretold = leave_one_out(current, every, workers=workers)
        needed = np.square((field.value - foretold.mean) / settings.outlier_cut) - foretold.variance
        noise = np.maximum(field.noise, needed)
        current = field.with_noise(field.value, noise)
    surprising = noise > field.noise
    return Reweighted(current, surprising, float(surprising.mean()) if len(every) else 0.0)
