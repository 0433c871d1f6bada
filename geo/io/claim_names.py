"""What the name of a layer or file says of a claim: operator and technology, where it names exactly one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.text import fold

__all__ = ["NamedIn", "named_in"]

_GENERATION = re.compile(r"(?<![0-9])([2-5]g)(?![0-9])")
#: Spellings shorter than this are letters that a name may hold for other reasons ("SA", "H", "E").
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class NamedIn:
    """Operator and technology named, empty where none or several are; ``text`` is the name that says so."""

    operator: str
    technology: str
    text: str


def named_in(names: Sequence[str], catalogue: OperatorCatalogue, bands: BandCatalogue) -> NamedIn:
    """Return what the names say, the first of them that names one.

    Parameters
    ----------
    names : sequence of str
        The most particular first: the layer, then the file without its extension.
    catalogue : OperatorCatalogue
    bands : BandCatalogue
    """
    operator = technology = ""
    texts: list[str] = []
    for name in names:
        words = _GENERATION.sub(r" \1 ", fold(name)).split()
        spelt = [w for w in words if _GENERATION.fullmatch(w) or (len(w) >= _SHORTEST and bands.technology(w)) or w == "nr"]
        generations = {bands.technology(w) for w in spelt}
        rest = " ".join(w for w in words if w not in spelt)
        resolved = catalogue.resolve(pd.Series([rest], dtype="str"))
        known = str(resolved.names.iloc[0]) if rest and not resolved.unknown[0] and not resolved.foreign[0] else ""
        if (known and not operator) or (len(generations) == 1 and not technology):
            texts.append(name)
        operator = operator or known
        technology = technology or (next(iter(generations)) if len(generations) == 1 else "")
    return NamedIn(operator, technology, "; ".join(texts))
