"""One key for everything a stage's result depends on.

The key is the SHA-256 of a canonical JSON text: sorted names, no spaces, every value in one
spelling, so that equal settings give equal keys in every process and on every machine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np

from geo.io.fingerprints import Fingerprint

__all__ = ["canonical", "canonical_json", "stage_key"]


def canonical(value: object) -> Any:
    """Return ``value`` as plain JSON data with one spelling per meaning.

    Frozen dataclasses become their class name and fields, dates ISO text, paths forward slashes,
    sets sorted lists; NaN and infinities become text.

    Raises
    ------
    TypeError
        If the value is of a kind that has no settled spelling; nothing is guessed by ``repr``.
    """
    if isinstance(value, Enum):
        return canonical(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, np.generic):
        return canonical(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if is_dataclass(value) and not isinstance(value, type):
        content = {f.name: canonical(getattr(value, f.name)) for f in fields(value)}
        return {"": type(value).__name__, **content}
    if isinstance(value, Mapping):
        return {str(canonical(key)): canonical(item) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted((canonical(item) for item in value), key=_text)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [canonical(item) for item in value]
    raise TypeError(f"settings of type {type(value).__name__} have no canonical form")


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> str:
    """Return the canonical JSON text of :func:`canonical`."""
    return _text(canonical(value))


def stage_key(
    name: str,
    *,
    inputs: Mapping[str, Fingerprint],
    upstream: Mapping[str, str],
    settings: object,
    code: str,
) -> str:
    """Return the key of a stage's result, 64 hexadecimal digits.

    Parameters
    ----------
    name : str
    inputs : mapping
        Label (path as the project gives it) to fingerprint; the time stamp does not count.
    upstream : mapping
        Stage name to key.
    settings : object
        Everything else that changes the result; see :func:`canonical`.
    code : str
        Fingerprint of the package.
    """
    content = {
        "stage": name,
        "inputs": {label: [mark.sha256, mark.size] for label, mark in inputs.items()},
        "upstream": dict(upstream),
        "settings": settings,
        "code": code,
    }
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()
