"""From blocks of samples and paths to radio cells to what the likelihood reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.calibration.blocks import Blocks
from geo.calibration.likelihood import Candidates, Kind
from geo.calibration.terms import LinkFeatures
from geo.propagation.links import Links

__all__ = ["HeardCells", "Observations", "RadioFacts", "assemble_observations"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Text = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class RadioFacts:
    """What is known of each radio cell of the run, by its number (``RadioSources.index``).

    Attributes
    ----------
    group, site : (r,) int64 arrays
        Positions in the names below.
    cell : (r,) array of str
        Identity that a phone would report; empty where the list has none.
    pci, channel : (r,) float64 arrays
        NaN unknown.
    groups, sites : tuple of str
    frequency_ghz : (r,) float64 array, optional
    """

    group: _I64
    site: _I64
    cell: _Text
    pci: _F64
    channel: _F64
    groups: tuple[str, ...]
    sites: tuple[str, ...]
    frequency_ghz: _F64 | None = None


@dataclass(frozen=True, slots=True)
class HeardCells:
    """Serving cells as phones named them; ``Blocks.serving`` counts them.

    Attributes
    ----------
    cell : (h,) array of str
    pci, channel : (h,) float64 arrays
    """

    cell: _Text
    pci: _F64
    channel: _F64


@dataclass(frozen=True, slots=True)
class Observations:
    """Input of the fit.

    Attributes
    ----------
    candidates : Candidates
    predicted_dbm : (m,) float64 array
    features : LinkFeatures
    block : (n,) int64 array
        Block of each observation.
    source : (m,) int64 array
        Radio cell of each candidate.
    left_out : mapping of str to int
        Code of ``resources/issues/calibration.toml`` to number of blocks.
    tied : mapping of str to int
        How many levels found their cell: ``"identity"``, ``"physical"`` (number and channel), ``"none"``.
    """

    candidates: Candidates
    predicted_dbm: _F64
    features: LinkFeatures
    block: _I64
    source: _I64
    left_out: Mapping[str, int]
    tied: Mapping[str, int]


def assemble_observations(
    blocks: Blocks,
    links: Links,
    facts: RadioFacts,
    heard: HeardCells,
    *,
    clutter: _I64,
    clutters: tuple[str, ...],
    devices: tuple[str, ...],
) -> Observations:
    """Return observations with their candidates; what cannot be one is counted.

    A level is tied to the one candidate of the same identity, else to the one of the same physical number (and
    channel, where both are known); several of them tie none: then the strongest of all served. A path of unknown
    level is no candidate. A block whose serving cell has no known path, or that may have been served over one
    (no tie and some path unknown), is left out; so is a block without any candidate.

    Parameters
    ----------
    blocks : Blocks
    links : Links
        ``point`` is the block.
    facts : RadioFacts
    heard : HeardCells
    clutter : (b,) int64 array
        Kind of ground about each block, -1 unknown.
    clutters, devices : tuple of str
    """
    kinds = blocks.kind.copy()
    known = np.isfinite(links.level_dbm)
    level = np.isin(kinds, (Kind.STRONGEST, Kind.SERVING))
    serving_link, how = _tie(blocks, links, facts, heard)
    tied = serving_link >= 0
    lost = level & tied & ~np.append(known, True)[serving_link]  # without a tie the last one, which is none
    # A level that named its cell by an identity of ours, which is not in reach, is not the strongest candidate's.
    named = _named_elsewhere(blocks, facts, heard) & level & ~tied
    some_unknown = np.zeros(len(kinds), dtype=bool)
    some_unknown[links.point[~known]] = True
    open_ = level & ~tied & ~named & some_unknown
    counts = np.bincount(links.point[known], minlength=len(kinds))
    empty = (counts == 0) & ~lost & ~open_ & ~named
    kinds[level & tied] = Kind.SERVING
    kinds[level & ~tied] = Kind.STRONGEST
    usable = ~(lost | named | open_ | empty) & (kinds > 0)
    chosen = np.flatnonzero(known & usable[links.point])
    site = facts.site[links.source[chosen]]
    chosen = chosen[np.lexsort((links.source[chosen], site, links.point[chosen]))]
    number = np.cumsum(usable) - 1
    size = int(usable.sum())
    first = np.concatenate([[0], np.cumsum(np.bincount(number[links.point[chosen]], minlength=size))]).astype(np.int64)
    place = np.full(len(links), -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    block = np.flatnonzero(usable)
    source = links.source[chosen]
    ceiling = (kinds[block] == Kind.ABOVE) & tied[block]
    serves = (kinds[block] == Kind.SERVING) | ceiling
    candidates = Candidates(
        blocks.level_dbm[block], kinds[block], np.where(serves, place[serving_link[block]], -1), first, facts.site[source]
    )
    of_link = links.point[chosen]
    features = LinkFeatures(
        facts.group[source], facts.site[source], clutter[of_link], blocks.device[of_link], links.distance_km[chosen],
        links.diffraction_db[chosen], links.obstructed[chosen], facts.groups, facts.sites, clutters, devices,
        None if facts.frequency_ghz is None else facts.frequency_ghz[source], links.height_m[chosen],
    )  # fmt: skip
    left_out = {
        "calibration_serving_path_unknown": int((lost | named).sum()),
        "calibration_path_unknown": int(open_.sum()),
        "calibration_no_candidate": int(empty.sum()),
    }
    said = how[level & usable]
    ties = {name: int((said == i).sum()) for i, name in enumerate(("none", "identity", "physical"))}
    return Observations(
        candidates, links.level_dbm[chosen], features, block, source, {k: v for k, v in left_out.items() if v}, ties
    )


def _tie(
    blocks: Blocks, links: Links, facts: RadioFacts, heard: HeardCells
) -> tuple[_I64, npt.NDArray[np.int8]]:
    """Return each block's serving link (-1: none, or more than one) and by what it was tied."""
    asked = blocks.serving[links.point]
    told = asked >= 0
    h = np.maximum(asked, 0)
    if not len(heard.cell):
        return np.full(len(blocks.kind), -1, dtype=np.int64), np.zeros(len(blocks.kind), dtype=np.int8)
    same = told & (heard.cell[h] != "") & (heard.cell[h] == facts.cell[links.source])
    pci, channel = facts.pci[links.source], facts.channel[links.source]
    # A channel that one side does not know decides nothing; NaN equals nothing.
    fits = (heard.channel[h] == channel) | np.isnan(heard.channel[h]) | np.isnan(channel)
    physical = told & (heard.pci[h] == pci) & fits
    serving = np.full(len(blocks.kind), -1, dtype=np.int64)
    how = np.zeros(len(blocks.kind), dtype=np.int8)
    for by, mask in ((1, same), (2, physical)):
        count = np.bincount(links.point[mask], minlength=len(serving))
        only = (count == 1) & (serving < 0)
        rows = np.flatnonzero(mask & only[links.point])
        serving[links.point[rows]] = rows
        how[links.point[rows]] = by
    return serving, how


def _named_elsewhere(blocks: Blocks, facts: RadioFacts, heard: HeardCells) -> npt.NDArray[np.bool_]:
    """Return which blocks name, by its identity, a radio cell that the lists have."""
    listed = np.isin(heard.cell, facts.cell[facts.cell != ""]) & (heard.cell != "")
    out = np.zeros(len(blocks.kind), dtype=bool)
    told = blocks.serving >= 0
    out[told] = listed[blocks.serving[told]]
    return out
