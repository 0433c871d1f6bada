"""The one way a solver is made: silent, with its threads, whatever an earlier one of the process used."""

from __future__ import annotations

import highspy

__all__ = ["new_solver"]

_USED: dict[str, int] = {}


def new_solver(*, threads: int, **options: float) -> highspy.Highs:
    """Return a silent HiGHS; its pool of threads belongs to the process and is made anew when the number changes."""
    if _USED.get("threads", threads) != threads:
        highspy.Highs.resetGlobalScheduler(True)
    _USED["threads"] = threads
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for name, value in (("threads", threads), *options.items()):
        solver.setOptionValue(name, value)
    return solver
