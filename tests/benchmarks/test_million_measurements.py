"""A million samples read, checked and joined to all communes, beside pandas and geopandas alone.

The long run is left out unless asked for: ``python -m pytest tests/benchmarks -m slow -s -n0``, or all slow
proofs together: ``python3 scripts/run_tests.py --slow``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.million_rows import run_checked, run_plain, units_of, write_samples

ROUNDS = 3
MOST_MB = 2_000


def _measure(which: str, csv: Path, communes: Path) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "benchmarks" / "million_rows.py"), which, str(csv), str(communes)],
        check=True, capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_a_million_samples_are_checked_as_fast_as_they_are_joined(shared_dir: Path, tmp_path: Path) -> None:
    communes, csv, count = shared_dir / "data" / "vietnam" / "communes.parquet", tmp_path / "m.csv", 1_000_000
    units = units_of(communes)
    assert len(units) == 3321
    write_samples(csv, units, count)
    runs: dict[str, list[dict[str, Any]]] = {"plain": [], "checked": []}
    for _ in range(ROUNDS):
        for which, results in runs.items():
            results.append(_measure(which, csv, communes))
    print()
    for which, results in runs.items():
        seconds = [r["seconds"] for r in results]
        print(
            f"{which:8s} {count / statistics.median(seconds):>10,.0f} rows/s  "
            f"median {statistics.median(seconds):.2f} s  cpu {statistics.median(r['cpu_seconds'] for r in results):.2f} s  "
            f"peak {max(r['peak_mb'] for r in results):,.0f} MB  all {[round(s, 2) for s in seconds]}"
        )
    # Neighbouring runs met the same machine; their ratio is steadier than either time.
    ratios = [c["seconds"] / p["seconds"] for p, c in zip(runs["plain"], runs["checked"], strict=True)]
    print(f"ratio checked / plain: median {statistics.median(ratios):.2f}, all {[round(r, 2) for r in ratios]}")
    assert statistics.median(ratios) <= 1.0
    assert max(r["peak_mb"] for r in runs["checked"]) < MOST_MB


def test_a_hundred_thousand_samples_find_the_same_communes(shared_dir: Path, tmp_path: Path) -> None:
    """The benchmark's own programs, small and without a clock: both see every row, and the same places."""
    units = units_of(shared_dir / "data" / "vietnam" / "communes.parquet")
    csv = tmp_path / "m.csv"
    write_samples(csv, units, 100_000)
    joined = run_plain(csv, units)
    assert joined >= 100_000  # overlaps of boundaries give a point twice
    assert run_checked(csv, units) > 99_000
