"""Made-up samples of one area: clusters that hang together, skewed speeds of a known mean."""

from __future__ import annotations

from collections.abc import Callable
from math import gamma
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


def _two_kinds(share: float, ratio: float, spread: float) -> Callable[[np.random.Generator, int], _F64]:
    """Some tests ``ratio`` times as fast as the rest: another plan, another technology, a fault of the meter."""
    return lambda rng, n: np.where(rng.random(n) < share, ratio, 1.0) * np.exp(rng.normal(-0.5 * spread**2, spread, n)) / (share * ratio + 1.0 - share)


def _with_zeros(share: float, spread: float) -> Callable[[np.random.Generator, int], _F64]:
    """Failed tests among log-normal ones."""
    return lambda rng, n: np.where(rng.random(n) < share, 0.0, np.exp(rng.normal(-0.5 * spread**2, spread, n))) / (1.0 - share)


def _log_normal(spread: float) -> Callable[[np.random.Generator, int], _F64]:
    return lambda rng, n: np.exp(rng.normal(-0.5 * spread**2, spread, n))


#: Laws of mean 1 that evidence on means has to bear, whichever of them samples come from; those whose fast kind no 60 samples need show first.
FAMILY: dict[str, Callable[[np.random.Generator, int], _F64]] = {
    "5 % of 500, rest 16": _two_kinds(0.05, 31.25, 0.1), "5 % twenty times": _two_kinds(0.05, 20.0, 0.3), "1 % twenty times": _two_kinds(0.01, 20.0, 0.3),
    **{f"{round(100 * q)} % ten times": _two_kinds(q, 10.0, 0.5) for q in (0.01, 0.02, 0.05, 0.1)},
    "30 % five times": _two_kinds(0.3, 5.0, 0.5), "70 % five times": _two_kinds(0.7, 5.0, 0.5),
    **{f"log-normal {s}": _log_normal(s) for s in (0.3, 0.5, 0.8, 1.0, 1.2, 1.5)},
    "gamma 0.3": lambda rng, n: rng.gamma(0.3, 1 / 0.3, n), "gamma 1": lambda rng, n: rng.exponential(1.0, n),
    "gamma 4": lambda rng, n: rng.gamma(4.0, 0.25, n),
    **{f"Weibull {a}": (lambda rng, n, a=a: rng.weibull(a, n) / gamma(1 + 1 / a)) for a in (0.5, 0.7, 2.0)},
    **{f"{round(100 * q)} % zeros": _with_zeros(q, 0.8) for q in (0.01, 0.05, 0.1, 0.2)}, "10 % zeros, narrow": _with_zeros(0.1, 0.3),
    "20 % zeros, wide": _with_zeros(0.2, 1.2), "flat": lambda rng, n: rng.uniform(0.0, 2.0, n),
    "capped by the plan": lambda rng, n: np.where(rng.random(n) < 0.2, rng.random(n), 1.0) / 0.9,
}  # fmt: skip


def cluster_sizes(rng: np.random.Generator, law: str, count: int) -> npt.NDArray[np.int64]:
    """Sizes of clusters: ``"4"`` each, ``"1-12"``, ``"1 or 20"``, ``"long tail"``, ``"one of 200"``, ``"two of 100"`` and such among single ones."""
    if law.isdecimal():
        return np.full(count, int(law))
    if law == "1-12":
        return rng.integers(1, 13, count)
    if law == "1 or 20":
        return np.where(rng.random(count) < 0.5, 1, 20)
    if law == "long tail":
        return np.ceil(np.exp(rng.normal(1.0, 1.2, count))).astype(np.int64)
    number, size = law.split(" of ")
    sizes = np.ones(count, dtype=np.int64)
    sizes[: {"one": 1, "two": 2}[number]] = int(size)
    return sizes


def phones(rng: np.random.Generator, law: str, share: float, sizes: npt.NDArray[np.integer]) -> _F64:
    """Each phone's own chance: ``"beta 0.5"`` (the correlation), ``"all or nothing"``, ``"half"`` (some do half), ``"large ones all or nothing"``."""
    k = len(sizes)
    if law.startswith("beta"):
        scale = 1.0 / float(law.split()[1]) - 1.0
        return rng.beta(share * scale, (1.0 - share) * scale, k)
    if law == "half":
        odd = min(2.0 * (1.0 - share), 1.0)
        return np.where(rng.random(k) < odd, 1.0 - (1.0 - share) / odd, 1.0)
    whole = (rng.random(k) < share).astype(np.float64)
    return whole if law == "all or nothing" else np.where(sizes > np.median(sizes), whole, share)
