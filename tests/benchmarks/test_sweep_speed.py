"""The study's job: the area sweep beside the project's own evaluation of every pixel's whole path, in one run.

``python -m pytest tests/benchmarks/test_sweep_speed.py -m slow -s -n0`` prints the figures. Rates are of pixels of
the job's disc per second of one core; what is compared is only what ran in turns in the same process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from geo.propagation.diffraction import Diffraction
from tests.propagation.job import job

ROUNDS = 9


def measured(work: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Return the seconds of every round, all works in turn within each."""
    for run in work.values():
        run()  # compiles, fills the caches
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


@pytest.mark.slow
def test_the_sweep_beside_whole_paths(shared_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = job(shared_dir)
    covered = place.with_clutter(10.0)
    bands = [Diffraction(0.9, place.earth_radius_km)]
    four = [Diffraction(f, place.earth_radius_km) for f in (0.7, 0.9, 1.8, 2.6)]
    pixels = int(place.disc.sum())
    seconds = measured(
        {
            "whole paths, 90 m": lambda: place.whole_paths(bands),
            "sweep, 944 rays x 100 m": lambda: place.swept(bands, rays=944, step_km=0.1),
            "sweep, default: 944 rays x 45 m": lambda: place.swept(bands, rays=944, step_km=0.045),
            "sweep, 944 x 100 m, 10 m clutter": lambda: covered.swept(bands, rays=944, step_km=0.1),
            "sweep, default, 10 m clutter": lambda: covered.swept(bands, rays=944, step_km=0.045),
            "sweep, 944 x 100 m, four bands": lambda: place.swept(four, rays=944, step_km=0.1),
            "  of which rays alone, one band": lambda: place.sweep(bands, rays=944, step_km=0.1),
        }
    )
    with capsys.disabled():
        print(f"\n{pixels} pixels, {ROUNDS} rounds in turn; ms best / median, million pixels per second at best, times whole paths")
        plain = seconds["whole paths, 90 m"]
        for name, took in seconds.items():
            ratio = median(p / t for p, t in zip(plain, took, strict=True))
            print(
                f"{name:36s} {min(took) * 1e3:7.2f} {median(took) * 1e3:7.2f} {pixels / min(took) / 1e6:7.2f} {ratio:6.2f}"
            )
    swept = seconds["sweep, 944 rays x 100 m"]
    assert median(p / s for p, s in zip(plain, swept, strict=True)) > 2  # else the sweep has lost its point
