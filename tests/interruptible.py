"""Children that Ctrl-C reaches, however the tests themselves were started.

A job started in the background of a shell without job control ignores SIGINT, and so do its children.
"""

from __future__ import annotations

import signal

__all__ = ["heed_interrupts"]


def heed_interrupts() -> None:
    """Give SIGINT its usual meaning; for ``Popen(preexec_fn=...)``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
