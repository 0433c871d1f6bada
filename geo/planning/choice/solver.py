"""The one way a solver is made: silent, with its threads, whatever an earlier one of the process used."""

from __future__ import annotations

import highspy

__all__ = ["new_solver"]

_USED: dict[str, int] = {}


class _Silent(highspy.Highs):
    """HiGHS whose output is off before it first speaks: it prints its name as soon as its callbacks are made, in its constructor."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the library's name
        """Turn the output off first."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def new_solver(*, threads: int, **options: float) -> highspy.Highs:
    """Return a silent HiGHS; its pool of threads belongs to the process and is made anew when the number changes."""
    if _USED.get("threads", threads) != threads:
        highspy.Highs.resetGlobalScheduler(True)
    _USED["threads"] = threads
    solver = _Silent()  # type: ignore[no-untyped-call]
    for name, value in (("threads", threads), *options.items()):
        solver.setOptionValue(name, value)
    return solver
