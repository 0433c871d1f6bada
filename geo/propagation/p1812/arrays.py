"""Numbers as arrays of one floating type."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["FloatArray", "FloatType", "floating", "rounded_to"]

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]

#: The floating types that the formulas run in.
FloatType: TypeAlias = type[np.float64] | type[np.float32]


def floating(values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as an array, floating types kept as they are, all else as float64."""
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def rounded_to(values: npt.ArrayLike, dtype: FloatType) -> FloatArray:
    """Return ``values`` as an array of the floating type ``dtype``."""
    array: FloatArray = np.asarray(values).astype(dtype)
    return array
