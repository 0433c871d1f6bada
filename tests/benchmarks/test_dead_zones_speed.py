"""Dead zones of a province: 1.4 million cells, nine layers, thirteen maps; in a process of its own.

``python -m pytest tests/benchmarks/test_dead_zones_speed.py -m slow -s -n0`` prints the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def measured(root: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return what the job measured in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.province_dead_zones", json.dumps(options)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_province_of_nine_layers(project_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = measured(project_root, {"side": 1184, "draws": True})
    looked = measured(project_root, {"side": 1184, "paths": True})
    with capsys.disabled():
        print(f"\nwith 200 draws that cost nothing: {plain}\nwith paths from 1,000 sites: {looked}")
    assert plain["zones"] > 1_500
    assert plain["all_cpu_s"] < 30  # a machine of its own takes 5
    assert looked["all_cpu_s"] < 60
    assert max(plain["peak_mb"], looked["peak_mb"]) < 1_500
