"""What became of one zone, case by case; and what may never be said, over all cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.register import STATES, register_settings
from geo.register.register import deadline_of
from geo.register.states import Case, Seen, decide

SETTINGS = register_settings()
LISTED, LATER, NOW = date(2026, 11, 1), date(2027, 3, 1), date(2027, 11, 1)
HERE = Case(NOW, zone=True, opened=LISTED, first_listed=LISTED)
GONE = replace(HERE, zone=False)


def seen(**shares: Any) -> Seen:
    given_ = {"measured": 0.0, "measured_before": 0.0, "predicted": 0.0, "uncertain": 0.0, "unserved": 0.0, "unknown": 0.0}
    return Seen(**{**given_, **shares})


def state(case: Case, **changes: Any) -> tuple[str, set[str]]:
    found = decide(replace(case, **changes), SETTINGS)
    return found.state, set(found.flags)


def test_a_zone_that_is_there() -> None:
    assert state(HERE) == ("persisting", set())
    assert state(HERE, known=False) == ("new", set())
    assert state(HERE, was_zone=False, was="unknown") == ("persisting", set()), "it had never been resolved"
    assert state(HERE, was_zone=False, was="resolved_predicted", resolved_on=LATER) == ("reopened", set())
    assert state(HERE, was_zone=False, was="unknown", resolved_on=LATER) == ("reopened", set()), "resolved, then unknown, then back"


def test_a_reopened_zone_is_open_from_now() -> None:
    found = decide(replace(HERE, was_zone=False, resolved_on=LATER), SETTINGS)
    assert (found.opened, found.resolved_on) == (NOW, None)
    assert decide(HERE, SETTINGS).opened == LISTED


def test_overdue_comes_first_and_hides_nothing() -> None:
    assert state(HERE, deadline=LATER) == ("overdue", set())
    assert state(HERE, deadline=NOW) == ("persisting", set()), "the day itself is not over"
    assert state(HERE, deadline=LATER, known=False) == ("overdue", {"new"})
    assert state(HERE, deadline=LATER, resolved_on=LATER, was_zone=False, claimed=True, claimed_on=NOW) == ("overdue", {"reopened"})
    assert state(HERE, deadline=LATER, claimed=True) == ("overdue", {"claimed"})


def test_claimed_but_not_shown() -> None:
    assert state(HERE, claimed=True, claimed_on=LATER) == ("claimed_not_shown", set())
    assert state(HERE, accepted=False, accepted_on=LATER) == ("persisting", {"acceptance_refused"}), "a refusal is no claim"
    assert state(HERE, accepted=False, accepted_on=LATER, claimed=True) == ("claimed_not_shown", {"acceptance_refused"})
    assert state(HERE, accepted=False, accepted_on=LATER, deadline=LATER) == ("overdue", {"acceptance_refused"})
    assert state(HERE, claimed=True, claimed_on=LATER, opened=LATER) == ("persisting", set()), "a claim from before the reopening"


def test_an_acceptance_resolves_even_what_the_prediction_still_draws() -> None:
    assert state(HERE, accepted=True, accepted_on=LATER) == ("resolved", {"accepted", "prediction_disagrees"})
    assert state(HERE, accepted=True, accepted_on=LISTED) == ("persisting", {"acceptance_too_early"})
    assert state(HERE, accepted=True) == ("persisting", {"acceptance_undated"})
    assert state(GONE, accepted=True, accepted_on=LATER, seen=seen(unserved=1.0)) == ("resolved", {"accepted", "doubtful"})


def test_measurements_speak_against_an_acceptance_if_they_are_later_or_undated() -> None:
    against = ("persisting", {"acceptance_contradicted"})
    accepted = replace(HERE, accepted=True, accepted_on=LATER, evidence="measured")
    assert state(accepted) == against
    assert state(accepted, seen=seen(unserved=1.0, unserved_on=NOW)) == against
    assert state(accepted, seen=seen(unserved=1.0, unserved_on=LISTED))[0] == "resolved"
    assert state(accepted, resolved_on=LATER) == ("reopened", {"acceptance_contradicted"})


def test_an_old_acceptance_does_not_close_a_zone_that_came_back() -> None:
    assert state(HERE, was_zone=False, was="resolved", resolved_on=LATER, accepted=True, accepted_on=LATER) == ("reopened", set())
    assert state(HERE, was="resolved", resolved_on=LATER, accepted=True, accepted_on=LATER)[0] == "resolved", "it never went"


def test_resolved_needs_a_measurement_after_the_listing() -> None:
    assert state(GONE, seen=seen(measured=0.4, predicted=0.6)) == ("resolved", set())
    assert state(GONE, seen=seen(predicted=1.0)) == ("resolved_predicted", set())
    assert state(GONE, seen=seen(measured=0.2, predicted=0.8)) == ("resolved_predicted", set()), "too few people"
    assert state(GONE, seen=seen(measured_before=1.0)) == ("resolved_predicted", {"measured_too_early"})
    assert state(GONE, seen=seen(measured=0.89, unserved=0.11)) == ("remnant", set())


def test_silence_is_never_absence() -> None:
    assert state(GONE) == ("unknown", {"nothing_said"})
    assert state(GONE, seen=seen(unknown=1.0)) == ("unknown", set())
    assert state(GONE, seen=seen(measured=0.5, unknown=0.5)) == ("unknown", set())
    assert state(GONE, seen=seen(predicted=0.6, uncertain=0.4)) == ("undecided", set())
    assert state(GONE, seen=seen(unknown=0.5, unserved=0.5)) == ("unknown", set()), "the more cautious of equals"
    assert state(GONE, seen=seen(unknown=0.3, unserved=0.7)) == ("remnant", set())
    assert state(HERE, seen=seen(unknown=0.3, unserved=0.7)) == ("persisting", {"partly_unknown"})
    assert state(GONE, seen=seen(unknown=1.0), deadline=LATER, claimed=True) == ("unknown", {"deadline_passed", "claimed"})


def test_villages_speak_where_there_are_no_cells_and_may_stand_against_them() -> None:
    served = Seen(villages_served=2, villages_measured=0.5)
    assert state(GONE, seen=served) == ("resolved", set())
    assert state(GONE, seen=replace(served, villages_measured=0.0)) == ("resolved_predicted", set())
    assert state(GONE, seen=replace(served, villages_open=1)) == ("undecided", set())
    assert state(GONE, seen=replace(served, villages_unserved=3)) == ("remnant", set())
    cells = seen(predicted=1.0)
    assert state(GONE, seen=replace(cells, villages_unserved=1)) == ("remnant", set())
    assert state(GONE, seen=replace(cells, villages_open=1)) == ("undecided", set())
    assert state(GONE, seen=replace(cells, villages_served=1, villages_measured=1.0)) == ("resolved", set())


def test_what_was_resolved_stays_so_until_a_zone_is_there_again() -> None:
    was = replace(GONE, was="resolved", was_zone=False, resolved_on=LATER)
    assert state(was, seen=seen(unknown=1.0)) == ("resolved", set())
    assert state(was, seen=seen(unserved=0.2, predicted=0.8)) == ("resolved", {"doubtful"})
    assert decide(was, SETTINGS).resolved_on == LATER
    predicted = replace(was, was="resolved_predicted")
    assert state(predicted, seen=seen(unknown=1.0)) == ("unknown", set()), "prediction alone is looked at afresh"
    assert decide(replace(predicted, seen=seen(unknown=1.0)), SETTINGS).resolved_on == LATER, "it had been closed, and may be reopened"
    assert state(predicted, seen=seen(measured=1.0)) == ("resolved", set())


def test_merged_says_nothing_else() -> None:
    assert state(GONE, merged=True, deadline=LATER, claimed=True, seen=seen(predicted=1.0)) == ("merged", set())


SHARES = st.lists(st.integers(0, 10), min_size=6, max_size=6).filter(any)
DAYS = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2028, 1, 1)))


@given(
    SHARES, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", *STATES]), st.sampled_from([None, True, False]),
    DAYS, DAYS, DAYS, st.sampled_from(["", "measured", "predicted"]), st.integers(0, 2), st.integers(0, 2), st.booleans(),
)  # fmt: skip
def test_laws_over_all_cases(
    shares: list[int], zone: bool, known: bool, was_zone: bool, was: str, accepted: bool | None, accepted_on: date | None,
    deadline: date | None, resolved_on: date | None, evidence: str, unserved: int, served: int, looked: bool,
) -> None:  # fmt: skip
    names = ("measured", "measured_before", "predicted", "uncertain", "unserved", "unknown")
    cells = {name: share / sum(shares) for name, share in zip(names, shares, strict=True)} if looked else {}
    case = Case(
        NOW, zone=zone, known=known, was_zone=was_zone, was=was, opened=LISTED, first_listed=LISTED, resolved_on=resolved_on, deadline=deadline,
        accepted=accepted, accepted_on=accepted_on, evidence=evidence, seen=Seen(**cells, villages_unserved=unserved, villages_served=served),
    )  # fmt: skip
    found = decide(case, SETTINGS)
    assert found.state in STATES
    counts = accepted is True and accepted_on is not None and accepted_on > LISTED
    if found.state == "resolved":
        measured = cells.get("measured", 0.0) >= SETTINGS.measured_share - 1e-9
        assert counts or measured or was == "resolved"
        assert not zone or counts
    if found.state in {"resolved", "resolved_predicted"}:
        assert found.resolved_on is not None
        if found.basis in {"measured", "predicted"}:
            assert cells.get("unknown", 0.0) <= 0.1 + 1e-9
            assert not unserved
    if zone:
        assert found.state in {"new", "persisting", "reopened", "overdue", "claimed_not_shown", "resolved"}
    else:
        assert found.state not in {"new", "persisting", "reopened", "overdue", "claimed_not_shown"}
    if zone and deadline is not None and deadline < NOW and not counts:
        assert found.state == "overdue"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, (None, "")),
        ({"zone_class": "white"}, (date(2027, 11, 1), "setting")),
        ({"stated": LATER, "of_zone": NOW, "before": NOW, "basis": "stated"}, (LATER, "stated")),
        ({"of_zone": LATER, "before": NOW, "basis": "stated"}, (LATER, "zone")),
        ({"of_zone": LATER, "opened": NOW, "reopened": True}, (None, "")),
        ({"before": LATER, "basis": "zone"}, (LATER, "register")),
        ({"before": LATER, "basis": "stated"}, (LATER, "register")),
        ({"before": LATER, "basis": "setting", "zone_class": "white"}, (LATER, "setting")),
        ({"before": LATER, "basis": "stated", "opened": NOW, "reopened": True}, (None, "")),
        ({"stated": LATER, "opened": NOW, "reopened": True, "zone_class": "white"}, (date(2028, 10, 31), "setting")),
        ({"stated": LATER, "opened": NOW}, (LATER, "stated")),
    ],
)
def test_deadlines(given_: dict[str, Any], expected: tuple[date | None, str]) -> None:
    base: dict[str, Any] = {"stated": None, "before": None, "basis": "", "zone_class": "road", "opened": LISTED, "reopened": False}
    assert deadline_of(**{**base, **given_}, settings=register_settings(deadline_days={"white": 365})) == expected
