"""What the measurements cannot tell apart: a phone's offset and the bias of what only it measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["DeviceTies", "device_ties"]

_I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DeviceTies:
    """Which devices' offsets can be fitted.

    Attributes
    ----------
    fitted : frozenset of int
        Devices that share a group with another one, directly or through others: their differences can be
        told. What all devices of such a set have in common stays in the groups' bias.
    confounded : tuple of (int, tuple of int)
        A device and the groups that no other device ties to it: offset and bias cannot be told apart.
    untied : tuple of int
        Devices with too few blocks in any group.
    """

    fitted: frozenset[int]
    confounded: tuple[tuple[int, tuple[int, ...]], ...]
    untied: tuple[int, ...]


def device_ties(device: _I64, group: _I64, *, least: int) -> DeviceTies:
    """Return the ties between devices and groups: connected parts of the graph of both.

    Parameters
    ----------
    device, group : (n,) int64 arrays
        Of each observation with a level; negative: unknown.
    least : int
        Observations that make a tie.
    """
    known = (device >= 0) & (group >= 0)
    pairs, counts = np.unique(np.stack([device[known], group[known]]), axis=1, return_counts=True)
    ties = pairs[:, counts >= least]
    everyone = {int(d) for d in np.unique(device[device >= 0])}
    if ties.size == 0:
        return DeviceTies(frozenset(), (), tuple(sorted(everyone)))
    devices, d = np.unique(ties[0], return_inverse=True)
    groups, g = np.unique(ties[1], return_inverse=True)
    size = len(devices) + len(groups)
    graph = coo_array((np.ones(len(d)), (d, len(devices) + g)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    fitted: set[int] = set()
    confounded: list[tuple[int, tuple[int, ...]]] = []
    for p in np.unique(part[: len(devices)]):
        members = devices[part[: len(devices)] == p]
        if len(members) > 1:
            fitted |= {int(i) for i in members}
        else:
            confounded.append((int(members[0]), tuple(int(i) for i in groups[part[len(devices) :] == p])))
    return DeviceTies(frozenset(fitted), tuple(confounded), tuple(sorted(everyone - {int(i) for i in devices})))
