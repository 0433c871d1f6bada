"""Made-up samples of one area: clusters that hang together, skewed speeds of a known mean."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtr

Law = Literal["log-normal", "gamma", "mixed"]
_F64 = npt.NDArray[np.float64]


def cluster_codes(sizes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(len(sizes)), sizes)


def successes(rng: np.random.Generator, share: float, correlation: float, sizes: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Beta-binomial: the correlation of two samples of one cluster is exactly what is asked for."""
    chance = np.full(len(sizes), share)
    if correlation > 0:
        scale = (1.0 - correlation) / correlation
        chance = rng.beta(share * scale, (1.0 - share) * scale, len(sizes))
    return rng.random(int(sizes.sum())) < np.repeat(chance, sizes)


def speeds(rng: np.random.Generator, law: Law, spread: float, correlation: float, sizes: npt.NDArray[np.integer]) -> _F64:
    """Speeds of mean 1; ``spread``: sd of the logarithm, or the coefficient of variation of a gamma law."""
    own = np.repeat(rng.standard_normal(len(sizes)), sizes)
    z = np.sqrt(correlation) * own + np.sqrt(1.0 - correlation) * rng.standard_normal(int(sizes.sum()))
    if law == "log-normal":
        return np.exp(spread * z - 0.5 * spread**2)
    if law == "gamma":
        shape = spread**-2
        return gammaincinv(shape, np.clip(ndtr(z), 1e-9, 1 - 1e-9)) / shape
    slow = np.repeat(rng.random(len(sizes)), sizes) < 0.3 if correlation > 0 else rng.random(len(z)) < 0.3
    return np.where(slow, 0.2, 1.0) * np.exp(spread * z - 0.5 * spread**2) / (0.3 * 0.2 + 0.7)
