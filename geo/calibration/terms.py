"""What a prediction may be corrected by: the terms of a path's correction, as columns of a sparse matrix.

mu = bias + bias of the group + (slope + slope of the group) log10(d / d0) - (w + w of the group) L_d + clutter
+ device + site, every term Gaussian before the data: common ones wide, those of a family drawn from N(0, tau^2)
with tau estimated (:mod:`geo.calibration.fit`). A group is an operator's technology in one band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from geo.calibration.settings import CalibrationSettings

__all__ = ["FAMILIES", "Design", "LinkFeatures", "Term", "TermChoice", "build_design", "clutter_factor", "family_start", "raised"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]

#: Families of terms; those with True have an estimated spread.
FAMILIES = {
    "bias": False,
    "bias_group": True,
    "slope": False,
    "slope_group": True,
    "diffraction": False,
    "diffraction_group": True,
    "deep_diffraction": False,
    "deepest_diffraction": False,
    "height": False,
    "height_slope": False,
    "clutter": True,
    "device": True,
    "site": True,
}


@dataclass(frozen=True, slots=True)
class LinkFeatures:
    """What is known of each path between a place and a radio cell.

    Attributes
    ----------
    group, site, clutter, device : (m,) int64 arrays
        Positions in the names below; -1 is unknown (no term, but for a site its spread).
    distance_km : (m,) float64 array
    diffraction_db : (m,) float64 array
    obstructed : (m,) bool array
        Whether the terrain hides the antenna; the error's scale differs.
    groups, sites, clutters, devices : tuple of str
    frequency_ghz : (m,) float64 array, optional
        What stands about the phone costs more at higher ones; without it all paths count alike.
    height_m : (m,) float64 array, optional
        How far the phone lies below the antenna (:class:`geo.propagation.links.Links`); NaN has no term, without it none has.
    """

    group: _I64
    site: _I64
    clutter: _I64
    device: _I64
    distance_km: _F64
    diffraction_db: _F64
    obstructed: npt.NDArray[np.bool_]
    groups: tuple[str, ...]
    sites: tuple[str, ...]
    clutters: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    frequency_ghz: _F64 | None = None
    height_m: _F64 | None = None

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.group)

    def take(self, chosen: npt.NDArray[np.generic]) -> LinkFeatures:
        """Return the chosen paths (mask or positions), names unchanged."""
        return LinkFeatures(
            self.group[chosen], self.site[chosen], self.clutter[chosen], self.device[chosen],
            self.distance_km[chosen], self.diffraction_db[chosen], self.obstructed[chosen],
            self.groups, self.sites, self.clutters, self.devices,
            None if self.frequency_ghz is None else self.frequency_ghz[chosen],
            None if self.height_m is None else self.height_m[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TermChoice:
    """Which terms are fitted beside the bias; ``by_group``: slope and diffraction also group by group."""

    slope: bool = True
    diffraction: bool = True
    deep_diffraction: bool = True
    height: bool = True
    clutter: bool = True
    device: bool = True
    site: bool = True
    by_group: bool = True
    split_spread: bool = True


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter: its family and the member's name (empty for a common one)."""

    family: str
    member: str


@dataclass(frozen=True, slots=True)
class Design:
    """Terms and what each path has of them.

    Attributes
    ----------
    terms : tuple of Term
    matrix : (m, p) sparse array
    spread_class : (m,) int64 array
        0: antenna in sight (or not told apart), 1: behind terrain, 2: far down in its shadow.
    spread_classes : tuple of str
    """

    terms: tuple[Term, ...]
    matrix: csr_array
    spread_class: _I64
    spread_classes: tuple[str, ...]

    @property
    def family_of(self) -> tuple[str, ...]:
        """Family of each term."""
        return tuple(t.family for t in self.terms)


def family_start(family: str, settings: CalibrationSettings) -> float:
    """Return the standard deviation that a family has before the data."""
    return {
        "bias": settings.bias_sd_db,
        "bias_group": settings.bias_group_sd_db,
        "slope": settings.slope_sd_db,
        "slope_group": settings.slope_group_sd_db,
        "diffraction": settings.diffraction_sd,
        "diffraction_group": settings.diffraction_group_sd,
        "deep_diffraction": settings.deep_diffraction_sd,
        "deepest_diffraction": settings.deep_diffraction_sd,
        "height": settings.height_sd_db,
        "height_slope": settings.height_slope_sd_db,
        "clutter": settings.clutter_sd_db,
        "device": settings.device_sd_db,
        "site": settings.site_sd_db,
    }[family]


def clutter_factor(features: LinkFeatures, settings: CalibrationSettings) -> _F64:
    """Return what the cover about the phone counts on each path, over that at the reference frequency."""
    if features.frequency_ghz is None:
        return np.ones(len(features))
    return np.asarray((features.frequency_ghz / settings.clutter_reference_ghz) ** settings.clutter_exponent, dtype=np.float64)


def raised(features: LinkFeatures, settings: CalibrationSettings) -> _F64:
    """Return the logarithm of how far the phone lies below the antenna, over the reference; 0 where it is not known."""
    if features.height_m is None:
        return np.zeros(len(features))
    within = np.clip(features.height_m, settings.height_least_m, settings.height_most_m)
    return np.asarray(np.nan_to_num(np.log10(within / settings.height_reference_m)), dtype=np.float64)


def build_design(
    features: LinkFeatures,
    settings: CalibrationSettings,
    choice: TermChoice,
    *,
    devices: frozenset[int] = frozenset(),
    terms: tuple[Term, ...] | None = None,
) -> Design:
    """Return the matrix of terms.

    Parameters
    ----------
    features : LinkFeatures
    settings : CalibrationSettings
    choice : TermChoice
    devices : frozenset of int
        Devices whose offset can be told from the bias (:func:`geo.calibration.identify.device_ties`).
    terms : tuple of Term, optional
        Those of a fit, when its result is applied; otherwise all that occur here.
    """
    m = len(features)
    distance = np.log10(np.maximum(features.distance_km, 1e-3) / settings.reference_km)
    loss = -np.nan_to_num(features.diffraction_db)
    offered: list[tuple[str, _I64, tuple[str, ...], _F64]] = []
    common = np.zeros(m, dtype=np.int64)
    ones = np.ones(m)
    groups = features.groups
    offered.append(("bias", common, ("",), ones))
    offered.append(("bias_group", features.group, groups, ones))
    if choice.slope:
        offered.append(("slope", common, ("",), distance))
        if choice.by_group:
            offered.append(("slope_group", features.group, groups, distance))
    if choice.diffraction:
        offered.append(("diffraction", common, ("",), loss))
        if choice.by_group:
            offered.append(("diffraction_group", features.group, groups, loss))
    if choice.diffraction and choice.deep_diffraction:
        # Behind the second ridge scatter and echoes take over: the loss that is counted stops growing as the model's does.
        offered.append(("deep_diffraction", common, ("",), np.minimum(loss + settings.deep_from_db, 0.0)))
        offered.append(("deepest_diffraction", common, ("",), np.minimum(loss + settings.deepest_from_db, 0.0)))
    if choice.height and features.height_m is not None:
        # Waves over open ground: an antenna high above the phone loses less, and less per decade of distance (Hata; the usual planning tools' K3, K5).
        above = raised(features, settings)
        offered.append(("height", common, ("",), above))
        offered.append(("height_slope", common, ("",), above * distance))
    if choice.clutter:
        offered.append(("clutter", features.clutter, features.clutters, clutter_factor(features, settings)))
    if choice.device:
        known = np.isin(features.device, sorted(devices)) if terms is None else features.device >= 0
        offered.append(("device", np.where(known, features.device, -1), features.devices, ones))
    if choice.site:
        offered.append(("site", features.site, features.sites, ones))
    if terms is None:
        found: list[Term] = []
        for family, member, names, _ in offered:
            present = np.unique(member[member >= 0])
            if FAMILIES[family] and len(present) < 2:
                continue  # a family of one says nothing that the common term does not
            found += [Term(family, names[i]) for i in present]
        terms = tuple(found)
    place = {(t.family, t.member): i for i, t in enumerate(terms)}
    rows, columns, entries = [], [], []
    for family, member, names, entry in offered:
        table = np.array([*(place.get((family, name), -1) for name in names), -1], dtype=np.int64)
        column = table[member]
        here = np.flatnonzero((column >= 0) & (entry != 0))
        rows.append(here)
        columns.append(column[here])
        entries.append(entry[here])
    matrix = csr_array(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(m, len(terms))
    )
    if choice.split_spread:
        deep = features.obstructed & (np.nan_to_num(features.diffraction_db) > settings.deep_from_db)
        return Design(terms, matrix, features.obstructed.astype(np.int64) + deep, ("clear", "obstructed", "deep"))
    return Design(terms, matrix, common, ("all",))
