"""One timed run of reading signal samples, in a process of its own: ``python million_rows.py WHICH CSV COMMUNES``.

WHICH is ``plain`` (pandas.read_csv, points, geopandas.sjoin and nothing else) or ``checked`` (the
product's reader: every row read by schema, checked, de-duplicated and joined). Prints one JSON line.
The boundaries are in memory before the clock starts; whatever index is made of them counts.
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

SEED = 20261122


def write_samples(path: Path, communes: gpd.GeoDataFrame, count: int) -> None:
    """Write ``count`` made-up samples: one drive of about a second a sample in every commune."""
    rng = np.random.default_rng(SEED)
    points = communes.geometry.representative_point()
    drive = np.sort(np.arange(count) % len(communes))
    nth = np.arange(count) - np.searchsorted(drive, drive)
    heading = rng.uniform(0, 2 * np.pi, len(communes))[drive]
    lon = points.x.to_numpy()[drive] + 1e-4 * nth * np.cos(heading) + rng.normal(0, 1e-5, count)
    lat = points.y.to_numpy()[drive] + 1e-4 * nth * np.sin(heading) + rng.normal(0, 1e-5, count)
    start = pd.Timestamp("2026-09-01 06:00:00") + pd.to_timedelta(drive * 600, unit="s")
    pd.DataFrame(
        {
            "Thời gian": (start + pd.to_timedelta(nth, unit="s")).astype("datetime64[s]").astype(str),
            "Kinh độ": lon.round(6),
            "Vĩ độ": lat.round(6),
            "Nhà mạng": rng.choice(["Viettel", "VinaPhone", "MobiFone", "452-05"], count),
            "Công nghệ": rng.choice(["LTE", "NR", "UMTS"], count, p=[0.8, 0.1, 0.1]),
            "Mức thu (dBm)": rng.integers(-119, -60, count),
            "Cell ID": rng.integers(256, 4_000_000, count),
            "PCI": rng.integers(0, 504, count),
            "Tuyến đo": np.char.add("Tuyến ", drive.astype(str)),
        }
    ).to_csv(path, index=False)


def units_of(path: Path) -> gpd.GeoDataFrame:
    """Return communes with the columns that an area index takes."""
    frame = gpd.read_parquet(path).rename(columns={"code": "commune_code", "name": "commune_name"})
    return frame.assign(province_name=frame["province_code"]).to_crs(4326)


def run_plain(csv: Path, units: gpd.GeoDataFrame) -> int:
    frame = pd.read_csv(csv)
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["Kinh độ"], frame["Vĩ độ"]), crs=4326)
    joined = gpd.sjoin(points, units[["commune_code", "geometry"]], how="left", predicate="intersects")
    return len(joined)


def run_checked(csv: Path, units: gpd.GeoDataFrame) -> int:
    from geo.areas import AreaIndex
    from geo.io.catalogues import band_catalogue, operator_catalogue
    from geo.io.measurements import read_measurements
    from geo.io.positions import PositionContext
    from geo.io.raw import TableOptions
    from geo.io.resources import issue_catalogue
    from geo.validation import IssueLog

    frame = read_measurements(
        csv, file=csv.name, options=TableOptions(), context=PositionContext(AreaIndex(units), keep_outside=True),
        catalogue=operator_catalogue(), bands=band_catalogue(), log=IssueLog(issue_catalogue()),
        as_of=pd.Timestamp("2026-11-22"),
    )  # fmt: skip
    return int((frame["commune_code"] != "").sum())


def main() -> None:
    which, csv, communes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    units = units_of(communes)
    run = {"plain": run_plain, "checked": run_checked}[which]
    if which == "checked":
        import geo.io.measurements  # noqa: F401  (imports are not what is compared)
    wall, work = time.perf_counter(), time.process_time()
    rows = run(csv, units)
    print(json.dumps({
        "which": which, "rows": rows, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - work,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
