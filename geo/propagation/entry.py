"""What a phone loses where people use it: outdoors, in a vehicle, in a building."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.propagation.settings import CoverageSettings

__all__ = ["USES", "entry_loss"]

#: Uses, in the order of the first axis of AreaLevels.margin_sd.
USES = ("outdoor",)


def entry_loss(
    use: str, frequency_ghz: npt.NDArray[np.float64], settings: CoverageSettings
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return median loss and standard deviation between the street and a use, dB.

    Parameters
    ----------
    use : str
        One of :data:`USES`.
    frequency_ghz : (n,) float64 array
    settings : CoverageSettings
    """
    if use not in USES:
        raise ValueError(f"use {use!r} is not one of {USES}")
    zero = np.zeros_like(frequency_ghz)
    return zero, zero
