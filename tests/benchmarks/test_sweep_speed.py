"""The study's job: the area sweep beside the project's own evaluation of every pixel's whole path, in one run.

``python -m pytest tests/benchmarks/test_sweep_speed.py -m slow -s -n0`` prints the figures. Rates are of pixels of
the job's disc per second of one core; what is compared is only what ran in turns in the same process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pytest

from geo.propagation.diffraction import Diffraction
from tests.propagation.job import Job, job

ROUNDS = 9
SITES = 40


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


def _sweep_sites(shared: Path, sites: int) -> float:
    place: Job = job(shared)
    bands = [Diffraction(0.9, place.earth_radius_km)]
    place.swept(bands, rays=944, step_km=0.045)
    start = time.perf_counter()
    for _ in range(sites):
        place.swept(bands, rays=944, step_km=0.045)
    return time.perf_counter() - start


@pytest.mark.slow
def test_two_processes_beside_one(shared_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same number of sites on one core and on two: says what the machine gives, and checks nothing of it."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_sweep_sites, [shared_dir] * 2, [1] * 2))
        gains = []
        for _ in range(5):
            alone = pool.submit(_sweep_sites, shared_dir, SITES).result()
            both = max(pool.map(_sweep_sites, [shared_dir] * 2, [SITES // 2] * 2))
            gains.append(alone / both)
    with capsys.disabled():
        print(f"\n{SITES} sites: two processes {median(gains):.2f} times one (median of {len(gains)}; best {max(gains):.2f})")
    assert len(gains) == 5
