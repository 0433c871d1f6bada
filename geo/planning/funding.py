"""Whom to ask for the money of a proposed site: the public-utility programme, or the budget.

Decree 295/2025/ND-CP on public-utility telecommunications has one supported operator per area. So the programme is asked for a site only where most of
those who had nobody live in villages of special difficulty *and* get their signal from the operator that it supports there. Where nobody knows
whom it supports (no list, or a list that names several), it may still come to support any one operator, but not two in one area: the first site of the
plan there tells whom it is asked for, and a site of others is the budget's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Asked", "Payer", "payers"]

_BOOL = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Who gets a first operator by a site.

    Attributes
    ----------
    people : (k,) float64 array
        Of each cell (or village).
    difficult : (k,) bool array
        Whether they live in a village of special difficulty.
    commune : (k,) object array of str
        Of that village; anything elsewhere.
    serves : mapping of str to (k,) bool array
        By operator of the site: which of the cells its equipment serves.
    """

    people: npt.NDArray[np.float64]
    difficult: _BOOL
    commune: npt.NDArray[np.object_]
    serves: Mapping[str, _BOOL]


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom to ask, and what the programme's choice of an operator has to do with it.

    Attributes
    ----------
    funding : {"public_utility", "budget"}
    why : str
        ``"supported_other"``: the programme supports ``operators``, by whom this site does not serve most of its people; ``"asked_other"``: nobody knows whom it supports, and this plan asks it for
        ``operators`` there; ``"supported_part"``: of the site's operators it supports ``operators`` alone; ``""`` nothing to say.
    operators : tuple of str
    """

    funding: Literal["public_utility", "budget"]
    why: Literal["", "supported_other", "asked_other", "supported_part"] = ""
    operators: tuple[str, ...] = ()


def payers(sites: Sequence[Asked], supported: Mapping[str, str]) -> list[Payer]:
    """Return whom to ask for each site.

    Parameters
    ----------
    sites : sequence of Asked
        In the plan's order.
    supported : mapping of str to str
        By commune, the operator that the programme supports; communes of which nobody knows are left out.
    """
    taken: dict[str, frozenset[str]] = {}
    return [_payer(site, supported, taken) for site in sites]


def _payer(site: Asked, supported: Mapping[str, str], taken: dict[str, frozenset[str]]) -> Payer:
    """Return whom to ask; ``taken`` are the operators that the programme may still be asked for, by commune, and is narrowed."""
    whole, own = float(site.people.sum()), frozenset(site.serves)
    if not whole > 0 or not 2.0 * float(site.people[site.difficult].sum()) > whole:
        return Payer("budget")
    communes = sorted({str(c) for c in site.commune[site.difficult]})
    may = {c: frozenset({supported[c]}) if c in supported else taken.get(c, own) for c in communes}
    by_whom: dict[str, frozenset[str]] = {}
    paid = np.zeros(len(site.people), dtype=bool)
    for commune in communes:
        mine = site.difficult & (site.commune == commune)
        served = {o: mine & site.serves[o] for o in sorted(may[commune] & own)}
        by_whom[commune] = frozenset(o for o, cells in served.items() if cells.any())
        # One operator is supported: of several that may be, the one that serves most there.
        paid |= max(served.values(), key=lambda cells: float(site.people[cells].sum()), default=np.zeros(len(paid), dtype=bool))
    if not 2.0 * float(site.people[paid].sum()) > whole:
        known = sorted({supported[c] for c in communes if c in supported})
        asked = sorted({o for c in communes if c not in supported for o in taken.get(c, ())})
        if known:
            return Payer("budget", "supported_other", tuple(known))
        return Payer("budget", "asked_other", tuple(asked)) if asked else Payer("budget")
    taken.update({commune: operators for commune, operators in by_whom.items() if commune not in supported and operators})
    named = {supported[c] for c in communes if c in supported} & own
    return Payer("public_utility", "supported_part", tuple(sorted(named))) if named and own - named else Payer("public_utility")
