"""What the stage of proposals does and says where the choice ends without a proof: by hand. All places are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.io.resources import issue_catalogue
from geo.pipeline import proposals
from geo.planning.choice import NEVER, InfeasiblePlanError
from geo.planning.proposal_settings import objective_settings
from geo.validation import IssueLog
from tests.planning.test_proposing import problem_of, row_of_six, two_places

OBJECTIVE = replace(objective_settings({"years": [2027, 2028], "budget_vnd": [1301, 301]}), choice_seconds=5.0)
NONE = np.zeros(0, dtype=np.int64)


def test_a_plan_that_keeps_every_deadline_but_was_not_found_in_time_is_made_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice gives up though nothing stands in the way: one sentence says so, and a plan comes all the same."""
    (_, options, cover), real = two_places(), proposals.choose
    problem = problem_of(row_of_six(), cover, options, deadline=np.array([0, NEVER, NEVER, NEVER]))
    villages = pd.DataFrame({"village_id": ["T1"], "village_name": ["Thôn 1"]})

    def out_of_time(given, settings):
        if (given.deadline != NEVER).any():
            raise InfeasiblePlanError(NONE, NONE, None, 1602)
        return real(given, settings)

    monkeypatch.setattr(proposals, "choose", out_of_time)
    log = IssueLog(issue_catalogue())
    used, choice, told = proposals._chosen(problem, OBJECTIVE, np.array([0, -1, -1, -1]), villages, options, log)
    assert (used.deadline == NEVER).all()
    assert choice.value > 0
    assert told is not None
    assert "(1 nơi) trong thời gian cho phép" in told["vi"]
    assert "(1 places) was found in the time allowed" in told["en"]
    assert log.codes() == {"plan_infeasible"}

    def never(given, settings):
        raise InfeasiblePlanError(NONE, NONE, None, 1602)

    monkeypatch.setattr(proposals, "choose", never)
    with pytest.raises(InfeasiblePlanError):  # without a deadline to drop there is no end to look for
        proposals._chosen(used, OBJECTIVE, np.array([0, -1, -1, -1]), villages, options, log)
