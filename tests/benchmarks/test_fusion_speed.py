"""Fusion of a province, and its inner loop beside PyKrige on the same points; each in a process of its own.

``python -m pytest tests/benchmarks/test_fusion_speed.py -m slow -s -n0`` prints the figures. PyKrige holds all pairs of
its observations (50,000 would take 10 GB for one array of distances) and so does gstools, which has no neighbourhood:
the comparison is made with 5,000.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def measured(root: Path, job: dict[str, Any]) -> dict[str, float]:
    """Return what the job measured in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.province_fusion", json.dumps(job)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_province_of_one_layer(project_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = {"cells": 1_400_000, "observations": 50_000, "censored_share": 0.1, "workers": 2}
    found = measured(project_root, whole)
    local = measured(project_root, {**whole, "observations": 2_000})
    with capsys.disabled():
        for name, one in (("50,000 observations", found), ("2,000 observations", local)):
            print(f"\n{name}: " + ", ".join(f"{k} {v:.4g}" for k, v in one.items()))
    assert found["peak_mb"] < 3_000
    # Cells out of reach are passed over: far fewer observations, far less work.
    assert local["reached_share"] < 0.5 * found["reached_share"]
    assert local["fuse_s"] < found["fuse_s"]


@pytest.mark.slow
def test_beside_pykrige_on_the_same_points(project_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measured(project_root, {"beside": {"count": 5_000, "targets": 20_000}})
    with capsys.disabled():
        ratios = {k: found[k] / found["fusion_s"] for k in ("pykrige_loop_s", "pykrige_C_s")}
        print(f"\n{found}; times fusion's seconds: " + ", ".join(f"{k} {v:.1f}" for k, v in ratios.items()))
    assert min(ratios.values()) > 1.0
