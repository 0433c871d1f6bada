"""One timed run of speed tests to communes and their figures, in a process of its own: ``python million_tests.py WHICH COUNT COMMUNES``.

WHICH is ``plain`` (points, geopandas.sjoin, pandas groupby) or ``ours`` (the product's area index and its grouping).
Both give number, mean download and share of at least 30 Mbit/s per commune, operator and technology. Made-up tests;
they and the boundaries are in memory before the clock starts; whatever index is made of them counts.
Prints one JSON line.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.benchmarks.million_rows import units_of

SEED = 20261129
FLOOR_MBPS = 30.0
KEYS = ["commune_code", "operator", "technology"]


def made_up_tests(communes: gpd.GeoDataFrame, count: int) -> pd.DataFrame:
    """Return ``count`` made-up tests around the communes' middles, some beyond every border."""
    rng = np.random.default_rng(SEED)
    middle = communes.geometry.representative_point()
    of = rng.integers(0, len(communes), count)
    return pd.DataFrame(
        {
            "lon": middle.x.to_numpy()[of] + rng.normal(0, 0.02, count),
            "lat": middle.y.to_numpy()[of] + rng.normal(0, 0.02, count),
            "operator": pd.Categorical.from_codes(rng.integers(0, 4, count), ["Viettel", "VinaPhone", "MobiFone", "Vietnamobile"]),
            "technology": pd.Categorical.from_codes(rng.integers(0, 3, count), ["3G", "4G", "5G"]),
            "download_mbps": np.exp(rng.normal(3.5, 0.8, count)),
        }
    )


def run_plain(frame: pd.DataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    joined = gpd.sjoin(points, units[["commune_code", "geometry"]], how="inner", predicate="within")
    joined["fast"] = joined["download_mbps"] >= FLOOR_MBPS
    return joined.groupby(KEYS, observed=True).agg(
        n=("download_mbps", "size"), mean=("download_mbps", "mean"), share=("fast", "mean")
    )


def run_ours(frame: pd.DataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    from geo.areas import AreaIndex
    from geo.columns import distinct_rows

    area = AreaIndex(units)
    commune = area.locate(frame["lon"], frame["lat"])
    operator, technology = frame["operator"].cat, frame["technology"].cat
    group, first = distinct_rows([commune, operator.codes.to_numpy(), technology.codes.to_numpy()], len(frame))
    speed = frame["download_mbps"].to_numpy()
    n = np.bincount(group)
    found = commune[first]
    out = pd.DataFrame(
        {
            "commune_code": np.where(found < 0, "", area.codes[found]),
            "operator": operator.categories[operator.codes.to_numpy()[first]],
            "technology": technology.categories[technology.codes.to_numpy()[first]],
            "n": n,
            "mean": np.bincount(group, speed) / n,
            "share": np.bincount(group, speed >= FLOOR_MBPS) / n,
        }
    )
    return out[found >= 0].set_index(KEYS).sort_index()


RUNS = {"plain": run_plain, "ours": run_ours}


def main() -> None:
    which, count, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    units = units_of(path)
    frame = made_up_tests(units, count)
    import geo.areas  # noqa: F401  (imports are not what is compared)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, work = time.perf_counter(), time.process_time()
    result = RUNS[which](frame, units)
    print(json.dumps({
        "which": which, "tests": int(result["n"].sum()), "groups": len(result), "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - work, "before_mb": before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
