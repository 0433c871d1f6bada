"""Which zone of a new review is which zone of the register.

The rule, for zones of one scope (:mod:`geo.register.zones`):

1. The *successor* of an identity is the new zone that shares most people with its outline, provided that
   these are at least ``successor_share`` of the people of the identity; where those are unknown or none, the one
   that shares most ground, at least ``successor_share`` of it. Equal shares: more common ground, then the
   lower id. On a split the largest part therefore keeps the identity.
2. A zone that is the successor of several keeps the identity of one that stood open in the old review
   before one that had none there (closed, or not told apart); among these of the one that contributes most
   people, then most ground, then the lower register id. The others end in it (*merged*).
3. A new zone that keeps no identity is new. It is a *part* of every identity with which it shares at least
   ``split_share`` of the smaller of the two.

Identities that ended in another one take no part: theirs is the other's history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from geo.register.people import Shared
from geo.register.settings import RegisterSettings

__all__ = ["Standing", "Succession", "succeed"]

#: Shares are ratios of rounded sums.
_ROUNDING = 1e-9


class Standing(IntEnum):
    """How an identity entered the new review."""

    ENDED = 0
    DORMANT = 1
    ACTIVE = 2


@dataclass(frozen=True, slots=True)
class Succession:
    """What became of each identity and where each new zone comes from.

    Attributes
    ----------
    zone : (identities,) int64 array
        Position of the new zone that keeps the identity, -1 for none.
    heir : (identities,) int64 array
        Position of the identity in which this one ended, -1 for none.
    matched_by : (identities,) object array
        ``people`` or ``area`` where there is a successor, else "".
    shared_share : (identities,) float64 array
        Of the identity's people (or ground, as ``matched_by`` says) in its successor; without one the largest
        share in any new zone, NaN where there is none to compare with.
    parts_of : tuple of tuples of int
        For each new zone without identity the positions of those that it is a part of.
    """

    zone: npt.NDArray[np.int64]
    heir: npt.NDArray[np.int64]
    matched_by: npt.NDArray[np.object_]
    shared_share: npt.NDArray[np.float64]
    parts_of: tuple[tuple[int, ...], ...]


def succeed(
    ids: Sequence[str],
    standing: npt.NDArray[np.int64],
    old_scopes: Sequence[object],
    zone_ids: Sequence[str],
    new_scopes: Sequence[object],
    common: Shared,
    settings: RegisterSettings,
) -> Succession:
    """Return which new zone is which identity, by the rule above.

    Parameters
    ----------
    ids : sequence of str
        Register ids, unique.
    standing : (identities,) array of :class:`Standing`
    old_scopes, new_scopes : sequence
        Of identities and new zones; only equal ones are compared.
    zone_ids : sequence of str
        Ids of the new zones, unique.
    common : Shared
        Of the identities' last outlines and the new zones.
    settings : RegisterSettings
    """
    count = len(ids)
    with np.errstate(invalid="ignore"):
        by_people = common.old_people > 0
    best: dict[int, tuple[tuple[float, float, str], int]] = {}
    share = np.full(count, np.nan)
    for i, j, people, m2 in zip(common.old.tolist(), common.new.tolist(), common.people.tolist(), common.m2.tolist(), strict=True):
        if standing[i] == Standing.ENDED or old_scopes[i] != new_scopes[j]:
            continue
        part, whole = (people, common.old_people[i]) if by_people[i] else (m2, common.old_m2[i])
        if not whole > 0:
            continue
        share[i] = np.fmax(share[i], part / whole)
        rank = (-part, -m2, zone_ids[j])
        if part / whole >= settings.successor_share - _ROUNDING and (i not in best or rank < best[i][0]):
            best[i] = (rank, j)
    zone, heir = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    claims: dict[int, list[int]] = {}
    for i, (_, j) in sorted(best.items()):
        claims.setdefault(j, []).append(i)
    size = {(i, j): (p, a) for i, j, p, a in zip(common.old.tolist(), common.new.tolist(), common.people.tolist(), common.m2.tolist(), strict=True)}
    for j, claimants in claims.items():
        first, *others = sorted(
            claimants, key=lambda i, j=j: (-standing[i], -size[i, j][0] if by_people[i] else 0.0, -size[i, j][1], ids[i])  # type: ignore[misc]
        )
        zone[first] = j
        heir[others] = first
    matched_by = np.full(count, "", dtype=object)
    for i in best:
        matched_by[i] = "people" if by_people[i] else "area"
    return Succession(zone, heir, matched_by, share, _parts(standing, old_scopes, new_scopes, set(zone.tolist()), common, settings))


def _parts(
    standing: npt.NDArray[np.int64],
    old_scopes: Sequence[object],
    new_scopes: Sequence[object],
    kept: set[int],
    common: Shared,
    settings: RegisterSettings,
) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in new_scopes]
    for i, j, people, m2 in zip(common.old.tolist(), common.new.tolist(), common.people.tolist(), common.m2.tolist(), strict=True):
        if standing[i] == Standing.ENDED or old_scopes[i] != new_scopes[j] or j in kept:
            continue
        smaller = np.minimum(common.old_people[i], common.new_people[j])  # unknown if either is
        part, whole = (people, smaller) if smaller > 0 else (m2, min(common.old_m2[i], common.new_m2[j]))
        if whole > 0 and part / whole >= settings.split_share - _ROUNDING:
            found[j].append(i)
    return tuple(tuple(sorted(positions)) for positions in found)
