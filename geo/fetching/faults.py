"""What ends a download: one sentence in two languages, and whether what came so far is kept to go on with."""

from __future__ import annotations

from geo.errors import Bilingual, InputError

__all__ = ["CutError", "FetchError", "data_size"]


class FetchError(InputError):
    """A file could not be had or is not what it should be; nothing of it is left in the folder."""


class CutError(FetchError):
    """A download broke off; what came is kept aside and the same command goes on with it."""


def data_size(count: float) -> Bilingual:
    """Return a number of bytes as people say it."""
    unit, value = ("MB", count / 1e6) if count >= 1e6 else ("kB", count / 1e3)
    text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
    if count < 1000:
        return Bilingual(f"{count:.0f} byte", f"{count:.0f} bytes")
    return Bilingual(text.replace(",", " ").replace(".", ",") + f" {unit}", f"{text} {unit}")
