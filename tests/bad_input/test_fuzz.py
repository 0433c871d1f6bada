"""Damage of every kind to every format: always an answer, never a traceback, a hang, or books that do not balance.

A short run each time, in a process of its own with a cap on memory; a long one by
``python3 scripts/run_tests.py --slow`` or ``python -m tests.bad_input.fuzz --seconds 600``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input.mutations import BYTE_MUTATIONS, TEXT_MUTATIONS

_SECONDS = float(os.environ.get("VUNGPHU_FUZZ_SECONDS", "10"))
_LONG_SECONDS = 600.0


def _run(project_root: Path, seconds: float, seed: int) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.bad_input.fuzz", "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, timeout=seconds + 120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    report: dict[str, object] = json.loads(done.stdout)
    return report


def _holds(report: dict[str, object]) -> None:
    assert report["broken"] == []
    assert report["mutations"] > 0
    assert report["peak_mb"] < 2000
    assert report["slowest"][1] < 20


def test_damaged_files_always_get_an_answer(project_root):
    _holds(_run(project_root, _SECONDS, seed=20261101))


@pytest.mark.slow
def test_damaged_files_always_get_an_answer_for_ten_minutes(project_root):
    report = _run(project_root, _LONG_SECONDS, seed=20261102)
    _holds(report)
    assert len({name.split(":")[0] for name in report["counts"]}) == 13  # every format


@pytest.mark.parametrize("name", [*BYTE_MUTATIONS, *TEXT_MUTATIONS])
def test_damage_is_the_same_for_the_same_seed_and_does_something(name):
    data = "Mã trạm,Kinh độ,Vĩ độ\nTB1,105.1,21.8\nTB2,105.2,21.9\n".encode() * 20
    mutate = {**BYTE_MUTATIONS, **TEXT_MUTATIONS}[name]
    first = [mutate(data, random.Random(i)) for i in range(10)]
    assert first == [mutate(data, random.Random(i)) for i in range(10)]
    assert any(d != data for d in first)
