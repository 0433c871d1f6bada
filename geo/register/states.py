"""What became of one dead zone: one state, and flags beside it.

=====================  =======================================================================================
state                  when
=====================  =======================================================================================
``new``                a zone now, and no identity of the register is its predecessor
``persisting``         a zone then and now (or a zone again after a review that could not say)
``reopened``           a zone now; it had been resolved, by measurement, acceptance or prediction
``overdue``            a zone now, and its deadline lies before the day of the review
``claimed_not_shown``  a zone now, though an operator claims service there: neither measurement nor prediction
                       shows it
``resolved``           no zone now, nearly all its people are served, and service was *measured* there after the
                       listing; or an acceptance after the listing is recorded (then even if the prediction still
                       draws the zone, as long as no measurement speaks against it)
``resolved_predicted`` no zone now, nearly all its people are served, by prediction alone
``merged``             ended in another zone's identity
``remnant``            no zone now that could be its successor, but too many of its people are unserved still
``undecided``          no zone now, too many of its people in places where the review is uncertain
``unknown``            no zone now, too many of its people in places of which the review knows nothing, or
                       nothing at all is known: silence is never absence
=====================  =======================================================================================

Of several states of a zone that is there the first counts: ``overdue``, ``claimed_not_shown``, ``reopened``,
``persisting`` or ``new``; the others stay visible as flags. Without a zone: ``merged``; else what an acceptance
says; else, if nearly all are served and no village inside is known to be unserved or open, ``resolved`` or
``resolved_predicted``; else the largest of unserved, uncertain and unknown names the state, the more cautious of
equals. What was ``resolved`` by measurement or acceptance stays so until a zone is there again; a flag says if
the review doubts it. ``resolved_predicted`` is looked at afresh each time.

=============================  ===============================================================================
flag                           meaning
=============================  ===============================================================================
``new``, ``reopened``,         as the states, where another state comes first
``claimed``
``deadline_passed``            no zone is drawn, the matter is not resolved, and the deadline is over
``acceptance_refused``         an acceptance was refused: no claim, and no state of its own
``accepted``                   rests on a recorded acceptance
``prediction_disagrees``       accepted, yet the prediction still draws a zone there
``acceptance_contradicted``    accepted, yet measured without service (after it, or without a date)
``acceptance_too_early``       the acceptance is not later than the listing (or the reopening): it does not count
``acceptance_undated``         an acceptance without a date does not count
``measured_too_early``         service was measured, but not after the listing, or without a date
``doubtful``                   resolved earlier; the review finds too many of its people unserved
``partly_unknown``             a zone that is there still, with people in places that have become unknown
``nothing_said``               the review holds nothing at all about the place
=============================  ===============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from geo.register.settings import RegisterSettings

__all__ = ["CLOSED", "STATES", "Case", "Decision", "Seen", "decide"]

STATES = (
    "new", "persisting", "reopened", "overdue", "claimed_not_shown", "resolved", "resolved_predicted", "merged",
    "remnant", "undecided", "unknown",
)  # fmt: skip
#: Shares are sums of ratios.
_DECIMALS = 9
#: States in which a matter is closed.
CLOSED = ("resolved", "resolved_predicted")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the new review shows of the place.

    Attributes
    ----------
    measured, measured_before, predicted, uncertain, unserved, unknown : float
        Shares (:class:`geo.register.evidence.Shares`); NaN where nothing was looked at.
    unserved_on : date or None
        Latest dated measurement of no service.
    villages_served, villages_unserved, villages_open : int
    villages_measured : float
        Share of the villages' people with service measured after the listing; NaN without a village.
    villages_measured_before : bool
    """

    measured: float = float("nan")
    measured_before: float = float("nan")
    predicted: float = float("nan")
    uncertain: float = float("nan")
    unserved: float = float("nan")
    unknown: float = float("nan")
    unserved_on: date | None = None
    villages_served: int = 0
    villages_unserved: int = 0
    villages_open: int = 0
    villages_measured: float = float("nan")
    villages_measured_before: bool = False

    @property
    def looked_at(self) -> bool:
        """Whether the review holds cells of the place."""
        return bool(np.isfinite(self.unserved))

    @property
    def served(self) -> float:
        """Share served, however it is known."""
        return self.measured + self.measured_before + self.predicted


@dataclass(frozen=True, slots=True)
class Case:
    """One identity in the light of a new review.

    Attributes
    ----------
    today : date
        Of the new review.
    zone : bool
        A zone of the new review has the identity.
    known : bool
        The identity was in the register before this review.
    was_zone : bool
        It was a zone of the old review.
    merged : bool
        It ended in another identity, now or earlier.
    was : str
        Its state in the register before; "" if it had none.
    opened : date
        When it was listed, or last reopened.
    first_listed : date
    resolved_on : date or None
        Since when it was closed, whether or not later reviews could say anything.
    deadline : date or None
    accepted : bool or None
        What the latest recorded acceptance says.
    accepted_on : date or None
    claimed : bool
        An operator claims service for the place.
    claimed_on : date or None
    evidence : str
        Of the zone that is there: measured, predicted, both, none or "".
    seen : Seen
    """

    today: date
    zone: bool
    known: bool = True
    was_zone: bool = True
    merged: bool = False
    was: str = ""
    opened: date = date.min
    first_listed: date = date.min
    resolved_on: date | None = None
    deadline: date | None = None
    accepted: bool | None = None
    accepted_on: date | None = None
    claimed: bool = False
    claimed_on: date | None = None
    evidence: str = ""
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True)
class Decision:
    """State, flags, and what is carried on.

    Attributes
    ----------
    state : str
        One of :data:`STATES`.
    flags : tuple of str
        Sorted.
    basis : str
        What the state rests on: zone, acceptance, measured, predicted, villages, register (an earlier review), succession or none.
    opened : date
    resolved_on : date or None
    """

    state: str
    flags: tuple[str, ...]
    basis: str
    opened: date
    resolved_on: date | None


def decide(case: Case, settings: RegisterSettings) -> Decision:
    """Return what became of an identity, by the tables above."""
    if case.merged:
        return Decision("merged", (), "succession", case.opened, case.resolved_on)
    flags: set[str] = set()
    accepted = _acceptance_counts(case, flags)
    if case.zone:
        return _with_zone(case, accepted, flags, settings)
    return _without_zone(case, accepted, flags, settings)


def _acceptance_counts(case: Case, flags: set[str]) -> bool:
    if case.accepted is None:
        return False
    if not case.accepted:
        flags.add("acceptance_refused")
        return False
    if case.accepted_on is None:
        flags.add("acceptance_undated")
    elif case.accepted_on <= case.opened:
        flags.add("acceptance_too_early")
    return case.accepted_on is not None and case.accepted_on > case.opened


def _with_zone(case: Case, accepted: bool, flags: set[str], settings: RegisterSettings) -> Decision:
    gone_before = case.resolved_on is not None and not case.was_zone
    if accepted and not gone_before:
        if _measured_against(case):
            flags.add("acceptance_contradicted")
        else:
            flags |= {"accepted", "prediction_disagrees"}
            return Decision("resolved", tuple(sorted(flags)), "acceptance", case.opened, case.resolved_on or case.today)
    reopened = case.resolved_on is not None
    opened = case.today if reopened else case.opened
    again = reopened or opened != case.first_listed  # a claim from before the reopening is settled
    claimed = case.claimed and not (again and (case.claimed_on is None or case.claimed_on <= opened))
    if case.seen.looked_at and case.seen.unknown >= settings.successor_share:
        flags.add("partly_unknown")
    found = [
        name
        for name, holds in (
            ("overdue", case.deadline is not None and case.deadline < case.today),
            ("claimed_not_shown", claimed),
            ("reopened", reopened),
            ("persisting" if case.known else "new", True),
        )
        if holds
    ]
    flags |= {"claimed" if name == "claimed_not_shown" else name for name in found[1:] if name != "persisting"}
    return Decision(found[0], tuple(sorted(flags)), "zone", opened, None)


def _measured_against(case: Case) -> bool:
    """Tell whether measurements without service speak against an acceptance: later ones, or ones without a date."""
    if case.seen.unserved_on is not None and case.accepted_on is not None:
        return case.seen.unserved_on > case.accepted_on
    return case.evidence in {"measured", "both"}


def _without_zone(case: Case, accepted: bool, flags: set[str], settings: RegisterSettings) -> Decision:
    seen = case.seen
    left = 1.0 - settings.served_share
    since = case.resolved_on or case.today
    if case.was == "resolved":
        if seen.looked_at and seen.unserved > left:
            flags.add("doubtful")
        return Decision("resolved", tuple(sorted(flags)), "register", case.opened, since)
    if accepted:
        flags.add("accepted")
        if seen.looked_at and seen.unserved > left:
            flags.add("doubtful")
        return Decision("resolved", tuple(sorted(flags)), "acceptance", case.opened, since)
    state, basis = _seen_state(seen, flags, settings)
    if state not in CLOSED:
        if case.deadline is not None and case.deadline < case.today:
            flags.add("deadline_passed")
        if case.claimed:
            flags.add("claimed")
        return Decision(state, tuple(sorted(flags)), basis, case.opened, case.resolved_on)
    return Decision(state, tuple(sorted(flags)), basis, case.opened, since)


def _seen_state(seen: Seen, flags: set[str], settings: RegisterSettings) -> tuple[str, str]:
    """Return state and basis of a place without zone and without acceptance, as the review shows it."""
    villages = seen.villages_served + seen.villages_unserved + seen.villages_open
    if seen.measured_before > 0 or seen.villages_measured_before:
        flags.add("measured_too_early")
    if not seen.looked_at:
        if not villages:
            flags.add("nothing_said")
            return "unknown", "none"
        served, unserved, uncertain, unknown = (
            n / villages for n in (seen.villages_served, seen.villages_unserved, seen.villages_open, 0)
        )
    else:
        served, unserved, uncertain, unknown = seen.served, seen.unserved, seen.uncertain, seen.unknown
    served = round(served, _DECIMALS)
    if served >= settings.served_share and not seen.villages_unserved and not seen.villages_open:
        measured = max(seen.measured if seen.looked_at else 0.0, np.nan_to_num(seen.villages_measured))
        if round(measured, _DECIMALS) >= settings.measured_share:
            return "resolved", "measured"
        return "resolved_predicted", "predicted"
    if served >= settings.served_share:  # only villages stand against it
        return ("remnant" if seen.villages_unserved else "undecided"), "villages"
    largest = max(
        (round(unknown, _DECIMALS), 2, "unknown"),
        (round(uncertain, _DECIMALS), 1, "undecided"),
        (round(unserved, _DECIMALS), 0, "remnant"),
    )
    return largest[2], "none" if largest[2] == "unknown" else "predicted"
