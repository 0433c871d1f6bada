"""How much faster two processes sweep the same sites than one; asserts nothing, for a quiet machine.

``python -m tests.benchmarks.two_cores SHARED_FOLDER``
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from geo.propagation.diffraction import Diffraction
from tests.propagation.job import job

SITES = 100
ROUNDS = 7


def sweep_sites(shared: Path, sites: int) -> float:
    """Sweep the job's site again and again with the default step; return the seconds."""
    place = job(shared)
    bands = [Diffraction(0.9, place.earth_radius_km)]
    place.swept(bands, rays=944, step_km=0.045)
    start = time.perf_counter()
    for _ in range(sites):
        place.swept(bands, rays=944, step_km=0.045)
    return time.perf_counter() - start


def main(shared: Path) -> None:
    """Print the gain of every round and their median."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(sweep_sites, [shared] * 2, [1] * 2))
        gains = []
        for _ in range(ROUNDS):
            alone = pool.submit(sweep_sites, shared, SITES).result()
            both = max(pool.map(sweep_sites, [shared] * 2, [SITES // 2] * 2))
            gains.append(alone / both)
    print(" ".join(f"{gain:.2f}" for gain in gains), f"median {median(gains):.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
