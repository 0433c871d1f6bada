"""Scores of one seed as sums, so that tables over any strata and any seeds need only adding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.truth.extracts import Extract
from tests.truth.hidden import HiddenTruth
from tests.truth.probability_scores import bin_of
from tests.truth.strata import COVERS, DISTANCES, NEARNESS, TERRAINS, distance_class, nearness_class

__all__ = ["INTERVAL_SUMS", "PROBABILITY_SUMS", "STRATA", "commune_rows", "interval_values", "point_sums", "village_rows"]

_F64 = npt.NDArray[np.float64]
#: Columns that say where a row of sums belongs, beside the method.
STRATA = ("layer", "distance", "near", "terrain", "cover")
PROBABILITY_SUMS = ("n", "p", "seen", "squared")
INTERVAL_SUMS = ("intervals", "held", "below", "above", "sd", "levels", "error", "error2")
_QUANTILE_90 = 1.6448536269514722
PRODUCT = "product"


def interval_values(
    true_dbm: _F64, level_dbm: _F64, sd_db: _F64, compared: npt.NDArray[np.bool_]
) -> dict[str, _F64]:
    """Return per point what :data:`INTERVAL_SUMS` adds up; zeros where level or its error are not stated.

    ``held``: the true level lies within mean ± 1.645 sd; ``below`` and ``above`` are where the rest lies. A
    point beyond all true reach (-inf) lies below; it has no error. ``error``: true less stated level, whether or not
    its sd is stated, of ``compared`` points alone: where every method is to be judged.
    """
    stated = np.isfinite(level_dbm) & np.isfinite(sd_db)
    with np.errstate(invalid="ignore"):
        off = np.where(stated, true_dbm - level_dbm, 0.0)
    half = np.where(stated, _QUANTILE_90 * sd_db, 0.0)
    levels = compared & np.isfinite(level_dbm) & np.isfinite(true_dbm)
    with np.errstate(invalid="ignore"):
        error = np.where(levels, true_dbm - level_dbm, 0.0)
    return {
        "intervals": stated.astype(np.float64),
        "held": (stated & (np.abs(off) <= half)).astype(np.float64),
        "below": (stated & (off < -half)).astype(np.float64),
        "above": (stated & (off > half)).astype(np.float64),
        "sd": np.where(stated, sd_db, 0.0),
        "levels": levels.astype(np.float64),
        "error": error,
        "error2": error**2,
    }


def point_sums(
    truth: HiddenTruth,
    extracts: Mapping[str, Extract],
    distances: pd.DataFrame,
    layers: Mapping[str, tuple[str, str]],
    levels_dbm: Mapping[str, float],
    compared: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sums per method, stratum and bin of probability, and how many points each method leaves unsaid.

    All methods are scored at the same points: those where each of ``compared`` states a probability (a method beyond
    these, where it does so itself). The stratum "near" is the product's: |its level - planning level| <= 10 dB.

    Returns
    -------
    sums : DataFrame
        method, :data:`STRATA` (names), bin, :data:`PROBABILITY_SUMS`, :data:`INTERVAL_SUMS`.
    unsaid : DataFrame
        method, layer, points, unsaid.
    """
    parts, unsaid = [], []
    cover = np.asarray([*COVERS, "other"])[truth.points["cover"].to_numpy()]
    terrain = np.asarray(TERRAINS)[truth.points["terrain"].to_numpy()]
    for layer, (_, technology) in layers.items():
        threshold = levels_dbm[technology]
        true = truth.points[layer].to_numpy(dtype=np.float64)
        chance = {m: e.points[f"{layer}:probability"].to_numpy(dtype=np.float64) for m, e in extracts.items()}
        common = np.all([np.isfinite(chance[m]) for m in compared], axis=0)
        product_level = extracts[PRODUCT].points[f"{layer}:level_dbm"].to_numpy(dtype=np.float64)
        where = pd.DataFrame(
            {
                "layer": layer,
                "distance": np.asarray(DISTANCES)[distance_class(distances[layer].to_numpy())],
                "near": np.asarray(NEARNESS)[nearness_class(product_level, threshold)],
                "terrain": terrain,
                "cover": cover,
            }
        )
        for method, extract in extracts.items():
            p = chance[method]
            unsaid.append((method, layer, len(p), int(np.isnan(p).sum())))
            use = common & np.isfinite(p)
            p, t = p[use], true[use]
            seen = t >= threshold
            level, sd = (
                extract.points[f"{layer}:{f}"].to_numpy(dtype=np.float64)[use] for f in ("level_dbm", "sd_db")
            )
            rows = where[use].assign(bin=bin_of(p), n=1.0, p=p, seen=seen.astype(np.float64), squared=(p - seen) ** 2)
            rows = rows.assign(**interval_values(t, level, sd, np.isfinite(product_level[use])))
            sums = rows.groupby([*STRATA, "bin"], as_index=False)[[*PROBABILITY_SUMS, *INTERVAL_SUMS]].sum()
            parts.append(sums.assign(method=method))
    return pd.concat(parts, ignore_index=True), pd.DataFrame(unsaid, columns=["method", "layer", "points", "unsaid"])


def village_rows(
    truth: HiddenTruth, true: pd.DataFrame, extracts: Mapping[str, Extract], distance_km: _F64
) -> pd.DataFrame:
    """Return one row per method and village: truth, strata, and what the method says.

    ``said`` is the class in the method's own list (a run's villages.csv), for simple methods that of the point.
    """
    base = true.reset_index()[["village_id", "commune_code", "white", "class", "weak", "weak_seen"]]
    base = base.rename(columns={"class": "true_class", "weak": "true_weak", "weak_seen": "true_weak_seen", "white": "true_white"})
    base["distance"] = np.asarray(DISTANCES)[distance_class(distance_km)]
    base["terrain"] = np.asarray(TERRAINS)[truth.villages["terrain"].to_numpy()]
    base["cover"] = np.asarray([*COVERS, "other"])[truth.villages["cover"].to_numpy()]
    parts = []
    for method, extract in extracts.items():
        own = extract.villages
        listed = own["class"] if "class" in own.columns else own["said"]
        weak = own["weak"] if "weak" in own.columns else pd.Series("", index=own.index)
        parts.append(base.assign(method=method, said=listed.to_numpy(), weak=weak.to_numpy(), nobody=own["nobody"].to_numpy()))
    return pd.concat(parts, ignore_index=True)


def commune_rows(true: pd.DataFrame, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Return one row per method and commune: people without any operator, true and as the method has it."""
    dark = true.groupby("commune_code")["dark_people"].sum().rename("true").reset_index()
    parts = [
        dark.merge(extract.communes, on="commune_code", how="left", validate="one_to_one").assign(method=method)
        for method, extract in extracts.items()
    ]
    return pd.concat(parts, ignore_index=True)
