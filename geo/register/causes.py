"""Why a zone's entry changed: every candidate, and what rules some of them out.

A cause is a candidate if something of its kind changed between the two reviews (:mod:`geo.register.changes`)
and can act on the place. It *stands* as

``shown``     the change exists only because of it: neither rule by itself shows one (:mod:`geo.register.rules`)
``located``   it is there in the place: sites within reach changed, samples in the place came or went, the rule
              turns cells of the place over, the list whose absence makes the place unknown
``possible``  it changed somewhere and may act here

and is *excluded* where it is seen to have no part:

- levels equal in the place in both reviews: not the sites, not terrain, land cover or antenna patterns, not the
  settings of the prediction, not measurements elsewhere (they act through the calibrated level);
- no cell of the place changes its state with the rule, or the place changes under either rule alike: not the rule;
- the change exists only because of the rule: nothing else.

Several candidates that nothing tells apart are all listed. One is called the only one if no other is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.register.changes import KINDS, Change

__all__ = ["Cause", "Causes", "PlaceFacts", "SiteNear", "causes_of"]

_STANDINGS = ("shown", "located", "possible")
#: Subjects of changes that reach a place through the predicted level alone.
_BY_LEVEL = (
    "files.terrain", "files.land_cover", "files.antenna_patterns", "ground.", "coverage.", "calibration", "fusion",
    "model.", "project.cell_size_m",
)  # fmt: skip
#: ... but for these, which decide states from levels.
_NOT_BY_LEVEL = ("coverage.absent_technologies", "coverage.neighbour_operators")
#: Changes of rules that states can be found again under.
_RECOMPUTED = ("coverage.levels_dbm", "coverage.served_probability", "coverage.unserved_probability", "coverage.counting", "project.operators")
#: Entries of the catalogue that stand behind those settings.
_RECOMPUTED_RULES = ("planning_level", "counts_")


@dataclass(frozen=True, slots=True)
class SiteNear:
    """A changed site in reach."""

    operator: str
    site_id: str
    change: str
    what: str
    distance_km: float


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What is known of a place that tells causes apart.

    Attributes
    ----------
    appears : bool
        A zone came or went, as against one that only changed class, outline or people.
    levels_changed : bool or None
        Whether a level in the place differs between the reviews; None where it cannot be compared.
    rule_touches : bool or None
        Whether the state of any of its cells depends on which rule is taken; None where not recomputable.
    rule_effect : str
        See :func:`geo.register.rules.rule_effect`; "" where both reviews have one rule.
    sites : tuple of SiteNear
    sites_known : bool
        Both reviews publish their sites and radio cells, so that no changed one is overlooked.
    samples_gone, samples_new : int or None
        Samples in the place that the old review alone has, and the new one alone; None where they cannot be looked at.
    lists_missing : tuple of str
        Operators whose list the new review lacks and whose layers are unknown here for it.
    """

    appears: bool
    levels_changed: bool | None = None
    rule_touches: bool | None = None
    rule_effect: str = ""
    sites: tuple[SiteNear, ...] = ()
    sites_known: bool = True
    samples_gone: int | None = None
    samples_new: int | None = None
    lists_missing: tuple[str, ...] = ()

    @property
    def samples_differ(self) -> int | None:
        """Samples in the place that one of the reviews alone has."""
        if self.samples_gone is None or self.samples_new is None:
            return None
        return self.samples_gone + self.samples_new


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate.

    Attributes
    ----------
    kind : str
        One of :data:`geo.register.changes.KINDS`.
    standing : str
        shown, located or possible.
    changes : tuple of Change
        Of the manifests, those that may act here.
    """

    kind: str
    standing: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Causes:
    """Candidates, the best founded first, and kinds that changed but have no part in it."""

    candidates: tuple[Cause, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether one cause alone is left."""
        return len(self.candidates) == 1


def causes_of(facts: PlaceFacts, changes: Sequence[Change]) -> Causes:
    """Return the causes of a change at a place.

    Parameters
    ----------
    facts : PlaceFacts
    changes : sequence of Change
        All differences between the two manifests.
    """
    by_kind = {kind: tuple(c for c in changes if c.kind == kind) for kind in KINDS}
    changed = {kind for kind in KINDS if by_kind[kind]} | ({"site"} if facts.sites else set())
    if facts.samples_differ:
        changed.add("measurement")
    if facts.rule_effect == "only":
        return Causes((Cause("rule", "shown", by_kind["rule"]),), tuple(k for k in KINDS if k in changed and k != "rule"))
    found = [
        _site(facts, by_kind["site"]),
        _measurement(facts, by_kind["measurement"]),
        _input(facts, by_kind["input"]),
        _rule(facts, by_kind["rule"]),
        _model(facts, by_kind["model"]),
    ]
    candidates = [cause for cause in found if cause is not None]
    candidates.sort(key=lambda c: (_STANDINGS.index(c.standing), KINDS.index(c.kind)))
    left = {cause.kind for cause in candidates}
    return Causes(tuple(candidates), tuple(kind for kind in KINDS if kind in changed - left))


def _site(facts: PlaceFacts, changes: tuple[Change, ...]) -> Cause | None:
    if facts.levels_changed is False:
        return None
    if facts.sites:
        return Cause("site", "located")
    return Cause("site", "possible", changes) if changes and not facts.sites_known else None


def _measurement(facts: PlaceFacts, changes: tuple[Change, ...]) -> Cause | None:
    if facts.samples_differ:
        return Cause("measurement", "located", changes)
    if not changes or (facts.samples_differ == 0 and facts.levels_changed is False):
        return None
    return Cause("measurement", "possible", changes)


def _acting(facts: PlaceFacts, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes that are left if levels are known not to have changed."""
    if facts.levels_changed is not False:
        return changes
    return tuple(
        c for c in changes if c.subject.startswith(_NOT_BY_LEVEL) or not c.subject.startswith(_BY_LEVEL)
    )


def _input(facts: PlaceFacts, changes: tuple[Change, ...]) -> Cause | None:
    lists = tuple(c for c in changes if c.subject in {f"site_list.{operator}" for operator in facts.lists_missing})
    if lists:
        return Cause("input", "located", lists)
    acting = _acting(facts, changes)
    return Cause("input", "possible", acting) if acting else None


def _rule(facts: PlaceFacts, changes: tuple[Change, ...]) -> Cause | None:
    if not changes:
        return None
    others = tuple(c for c in changes if not _recomputed(c))
    if facts.rule_effect in {"partly", "hides"} or (facts.rule_touches and not facts.appears):
        return Cause("rule", "located", changes)
    no_part = facts.rule_touches is False or (facts.appears and facts.rule_effect == "none")
    left = others if no_part else changes
    return Cause("rule", "possible", left) if left else None


def _recomputed(change: Change) -> bool:
    return change.subject.startswith(_RECOMPUTED) or (
        change.subject.startswith(_RECOMPUTED_RULES) and change.subject.partition(".")[2] in {"", "threshold", "valid_to", "valid_from"}
    )


def _model(facts: PlaceFacts, changes: tuple[Change, ...]) -> Cause | None:
    acting = _acting(facts, changes)
    return Cause("model", "possible", acting) if acting else None
