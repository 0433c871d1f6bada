"""Which candidates to build, share or upgrade, year by year within the budget, with a proven bound on what is missed.

``problem`` says what is asked, ``value`` what a plan is worth, ``greedy`` finds a good plan, ``bound`` proves that no plan is
much better, ``exact`` closes what is left between them, ``choose`` runs all of it, ``infeasible`` names what cannot be, and
``others`` asks what else could be chosen.
"""

from geo.planning.choice.choose import Choice, ChoiceSettings, choose
from geo.planning.choice.infeasible import InfeasiblePlanError
from geo.planning.choice.others import (
    Alternative,
    CoverResult,
    alternatives,
    exchanges_within,
    kept_shares,
    price_curve,
    set_cover,
)
from geo.planning.choice.problem import NEVER, ChoiceProblem, merged
from geo.planning.choice.value import plan_value, value_by_step

__all__ = [
    "NEVER",
    "Alternative",
    "Choice",
    "ChoiceProblem",
    "ChoiceSettings",
    "CoverResult",
    "InfeasiblePlanError",
    "alternatives",
    "choose",
    "exchanges_within",
    "kept_shares",
    "merged",
    "plan_value",
    "price_curve",
    "set_cover",
    "value_by_step",
]
