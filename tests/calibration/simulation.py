"""Made-up measurements with best-server selection and censoring, drawn without the package's likelihood.

Only the containers come from the package. Truth: level = prediction + bias of the group + slope + share of the
diffraction + a site's own error + Student's t (cells of a site share part of it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.terms import LinkFeatures


@dataclass(frozen=True)
class Truth:
    bias_db: tuple[float, ...] = (-8.0,)
    slope_db: float = 0.0
    diffraction: float = 0.0  # true loss = (1 + this) times the predicted one
    height_db: float = 0.0  # per decade of how far the phone lies below the antenna, counted from 50 m between 20 and 200 m ...
    height_slope_db: float = 0.0  # ... and that per decade of distance
    scale_db: float = 7.0
    degrees: float = 5.0
    site_sd_db: float = 3.0
    shared: float = 0.7
    between: float = 0.0  # share of the error's normal score that all sites have in common at a place
    limit_dbm: float = -113.0
    device_db: tuple[float, ...] = (0.0,)
    sites: int = 14
    side_km: float = 24.0


@dataclass(frozen=True)
class Drawn:
    candidates: Candidates
    predicted_dbm: np.ndarray
    features: LinkFeatures
    x_km: np.ndarray
    y_km: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        return np.ones(len(self.candidates.level_dbm))


def draw(
    rng: np.random.Generator,
    truth: Truth,
    points: tuple[int, ...],
    *,
    identity_share: float = 1.0,
    device_of: tuple[tuple[int, ...], ...] | None = None,
) -> Drawn:
    """Draw ``points[g]`` measurements of each group (an operator with its own sites)."""
    columns: dict[str, list[np.ndarray]] = {k: [] for k in ("level", "kind", "serving", "n", "site", "p", "group", "d", "ld", "device", "x", "y", "height")}
    links = 0
    for g, n in enumerate(points):
        sx, sy = rng.uniform(0, truth.side_km, (2, truth.sites))
        own = rng.normal(0, truth.site_sd_db, truth.sites)
        by_height = truth.height_db or truth.height_slope_db
        azimuth = rng.uniform(0, 120, truth.sites)[:, None] + np.array([0.0, 120.0, 240.0])
        px, py = rng.uniform(0, truth.side_km, (2, n))
        dx, dy = px[:, None] - sx, py[:, None] - sy
        d = np.maximum(np.hypot(dx, dy), 0.1)
        ld = np.where(rng.random((n, truth.sites)) < 0.5, rng.gamma(2.0, 6.0, (n, truth.sites)), 0.0)
        off = (np.degrees(np.arctan2(dx, dy))[..., None] - azimuth + 180) % 360 - 180
        p = 32 - 97.5 - 20 * np.log10(d)[..., None] - np.minimum(12 * (off / 65) ** 2, 25) - ld[..., None] - 16
        normal = np.sqrt(truth.shared) * rng.normal(size=(n, truth.sites, 1)) + np.sqrt(1 - truth.shared) * rng.normal(size=p.shape)
        normal = np.sqrt(truth.between) * rng.normal(size=(n, 1, 1)) + np.sqrt(1 - truth.between) * normal
        height = rng.uniform(-30, 400, (n, truth.sites)) if by_height else np.full((n, truth.sites), np.nan)
        raised = np.nan_to_num(np.log10(np.clip(height, 20, 200) / 50))
        error = truth.scale_db * stats.t(truth.degrees).ppf(stats.norm.cdf(normal))
        device = np.array(device_of[g])[rng.integers(0, len(device_of[g]), n)] if device_of else np.zeros(n, int)
        level = (
            p + truth.bias_db[g] + truth.slope_db * np.log10(d)[..., None] - truth.diffraction * ld[..., None]
            + ((truth.height_db + truth.height_slope_db * np.log10(d)) * raised)[..., None] + own[:, None] + error + np.array(truth.device_db)[device][:, None, None]
        ).reshape(n, -1)  # fmt: skip
        best, who = level.max(axis=1), level.argmax(axis=1)
        heard = best >= truth.limit_dbm
        named = rng.random(n) < identity_share
        kind = np.where(heard, np.where(named, Kind.SERVING, Kind.STRONGEST), Kind.BELOW)
        per = level.shape[1]
        first = links + per * np.arange(n)
        for name, column in {
            "level": np.where(heard, best, truth.limit_dbm), "kind": kind, "n": np.full(n, per), "x": px, "y": py,
            "serving": np.where(kind == Kind.SERVING, first + who, -1), "p": p.ravel(), "group": np.full(n * per, g),
            "site": np.tile(np.repeat(np.arange(truth.sites), 3) + g * truth.sites, n), "d": np.repeat(d, 3, axis=1).ravel(),
            "ld": np.repeat(ld, 3, axis=1).ravel(), "device": np.repeat(device, per), "height": np.repeat(height, 3, axis=1).ravel(),
        }.items():  # fmt: skip
            columns[name].append(np.asarray(column))
        links += n * per
    c = {k: np.concatenate(v) for k, v in columns.items()}
    candidates = Candidates(
        c["level"], c["kind"].astype(np.int8), c["serving"].astype(np.int64), np.concatenate([[0], np.cumsum(c["n"])]), c["site"]
    )
    features = LinkFeatures(
        c["group"], c["site"], np.full(links, -1), c["device"], c["d"], c["ld"], c["ld"] > 0,
        tuple(f"group {g}" for g in range(len(points))), tuple(f"site {s}" for s in range(truth.sites * len(points))),
        (), tuple(f"phone {k}" for k in range(len(truth.device_db))), None, c["height"] if truth.height_db or truth.height_slope_db else None,
    )  # fmt: skip
    return Drawn(candidates, c["p"], features, c["x"], c["y"])


def strongest_only(drawn: Drawn) -> Drawn:
    """What a fit without the correction sees: censored rows dropped, each level matched to the strongest predicted."""
    c = drawn.candidates
    rows = np.flatnonzero(c.kind != Kind.BELOW)
    order = np.lexsort((drawn.predicted_dbm, c.observation))
    link = order[c.first[1:] - 1][rows]
    n = len(rows)
    alone = Candidates(c.level_dbm[rows], np.full(n, Kind.SERVING, np.int8), np.arange(n), np.arange(n + 1), c.site[link])
    return Drawn(alone, drawn.predicted_dbm[link], drawn.features.take(link), drawn.x_km[rows], drawn.y_km[rows])
