"""Ten million speed tests to 3,321 communes and their figures, beside pandas' groupby of geopandas' sjoin.

The long run is left out unless asked for: ``python -m pytest tests/benchmarks/test_ten_million_tests.py -m slow -s -n0``,
or a single run: ``python tests/benchmarks/million_tests.py ours 10000000 communes.parquet``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.million_rows import units_of
from tests.benchmarks.million_tests import made_up_tests, run_ours, run_plain

ROUNDS = 2
COUNT = 10_000_000


def _measure(which: str, communes: Path) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "benchmarks" / "million_tests.py"), which, str(COUNT), str(communes)],
        check=True, capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_ten_million_tests_cost_less_than_a_join(shared_dir: Path) -> None:
    communes = shared_dir / "data" / "vietnam" / "communes.parquet"
    runs: dict[str, list[dict[str, Any]]] = {"plain": [], "ours": []}
    for _ in range(ROUNDS):
        for which, results in runs.items():
            results.append(_measure(which, communes))
    print()
    for which, results in runs.items():
        print(
            f"{which:6s} cpu {[round(r['cpu_seconds'], 1) for r in results]} s, wall {[round(r['seconds'], 1) for r in results]} s, "
            f"peak {max(r['peak_mb'] for r in results):,.0f} MB of which the tests {results[0]['before_mb']:,.0f}, "
            f"{results[0]['groups']:,} groups, {results[0]['tests']:,} tests"
        )
    # Neighbouring runs met the same machine; their ratio is steadier than either time.
    ratios = [o["cpu_seconds"] / p["cpu_seconds"] for p, o in zip(runs["plain"], runs["ours"], strict=True)]
    added = [max(r["peak_mb"] - r["before_mb"] for r in results) for results in runs.values()]
    print(f"ratio ours / plain: cpu {statistics.median(ratios):.2f}, memory added {added[1] / added[0]:.2f}")
    assert statistics.median(ratios) <= 1.0
    assert added[1] <= added[0]


def test_both_ways_give_the_same_figures(shared_dir: Path) -> None:
    """The benchmark's own programs, small and without a clock."""
    units = units_of(shared_dir / "data" / "vietnam" / "communes.parquet")
    frame = made_up_tests(units, 60_000)
    plain, ours = run_plain(frame, units), run_ours(frame, units)
    assert 58_000 < ours["n"].sum() <= 60_000
    both = plain.join(ours.add_suffix("_ours"), how="inner")
    # Slivers and overlaps between neighbours: a few tests lie in none, or in two, for the join alone.
    same = both[both["n"] == both["n_ours"]]
    assert len(same) > 0.99 * max(len(plain), len(ours))
    assert np.abs(same["mean"] / same["mean_ours"] - 1).quantile(0.99) < 1e-9
    assert np.abs(same["share"] - same["share_ours"]).quantile(0.99) < 1e-9
