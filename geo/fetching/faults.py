"""What ends a download: one sentence in two languages, and whether what came so far is kept to go on with."""

from __future__ import annotations

from geo.errors import Bilingual, InputError
from geo.numbers import number_text

__all__ = ["CutError", "FetchError", "data_size"]


class FetchError(InputError):
    """A file could not be had or is not what it should be; nothing of it is left in the folder."""


class CutError(FetchError):
    """A download broke off; what came is kept aside and the same command goes on with it."""


def data_size(count: float) -> Bilingual:
    """Return a number of bytes as people say it."""
    unit, value = ("MB", count / 1e6) if count >= 1e6 else ("kB", count / 1e3)
    text = number_text(value, 0 if value >= 100 else 1)
    if count < 1000:
        return Bilingual(f"{count:.0f} byte", f"{count:.0f} bytes")
    return Bilingual(f"{text.vi} {unit}", f"{text.en} {unit}")
