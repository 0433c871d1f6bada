"""The comparison of the plan with simpler ways over many made-up provinces: ``python -m tests.sampling.simulate --seeds 200``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.sampling.made_up import province, strategies

#: A province of a tenth of the full one's time.
SMALL: Mapping[str, Any] = {"villages": 60, "side_m": 20_000.0, "junctions": 14, "days": 1, "rounds": 1}
WAYS = ("plan", "area", "random")
#: Of a normal law, two-sided 95 %.
_Z = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Villages decided per vehicle-day, one value per seed."""

    decided: Mapping[str, np.ndarray]
    wrong: Mapping[str, np.ndarray]
    days: int

    def mean(self, way: str) -> float:
        return float(self.decided[way].mean())

    def wrong_share(self, way: str) -> float:
        return float(self.wrong[way].sum() / max(self.decided[way].sum(), 1e-9))

    def interval(self, other: str) -> tuple[float, float]:
        """Return the paired 95 % interval of what the plan decides more, per vehicle-day."""
        more = self.decided["plan"] - self.decided[other]
        half = _Z * more.std(ddof=1) / len(more) ** 0.5
        return float(more.mean() - half), float(more.mean() + half)

    def _wrongly(self, way: str) -> str:
        share = self.wrong_share(way)
        return "" if np.isnan(share) else f", {share:.1%} of them wrongly"

    def text(self) -> str:
        lines = [f"{len(self.decided['plan'])} seeds, {self.days} vehicle-days each; undecided before: {self.mean('undecided') * self.days:.1f} villages"]
        lines += [f"{way:7s} {self.mean(way):6.2f} decided per vehicle-day{self._wrongly(way)}" for way in WAYS]
        lines.append(f"the plan itself expected {self.mean('promised'):.2f}")
        for other in WAYS[1:]:
            low, high = self.interval(other)
            worse = int((self.decided["plan"] < self.decided[other]).sum())
            lines.append(f"plan - {other}: {self.mean('plan') - self.mean(other):.2f} (95 % interval {low:.2f} to {high:.2f}); fewer in {worse} seeds")
        return "\n".join(lines)


def simulate(seeds: int, *, days: int = 2, **options: Any) -> Outcome:
    """Return what plan, area by area and random order decide on made-up provinces (:func:`tests.sampling.made_up.province`)."""
    decided: dict[str, list[float]] = {}
    wrong: dict[str, list[float]] = {}
    for seed in range(seeds):
        for way, (n, bad) in strategies(province(seed, days=days, **options), seed).items():
            decided.setdefault(way, []).append(n / days)
            wrong.setdefault(way, []).append(bad / days)
    return Outcome({k: np.array(v) for k, v in decided.items()}, {k: np.array(v) for k, v in wrong.items()}, days)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--stated-sd", type=float, default=1.0, help="standard deviation that the plan believes over the true one")
    parser.add_argument("--small", action="store_true", help="small provinces, one vehicle-day: a tenth of the time")
    asked = parser.parse_args()
    print(simulate(asked.seeds, truth_factor=1.0 / asked.stated_sd, **(SMALL if asked.small else {})).text())


if __name__ == "__main__":
    main()
