"""Rules as data: what an area is held against, on whose word, from when to when.

A rule is one line of a document: an indicator, the statistic that the document takes of it, a comparator, a threshold.
Which rules there are stands in ``resources/rules`` and in a department's own file; both are read by :mod:`geo.io.rules`.

Only a rule that a document is known to hold is called legal. What is recalled, or drafted, has the basis
``reference``, whatever the file says it would be: nobody can mistake it for law in a table that leaves the status out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from math import inf

from geo.errors import Bilingual

__all__ = [
    "AREA_LEVELS", "BASES", "COMPARATORS", "PERIODS", "SOURCE_KINDS", "STATISTICS", "STATUSES", "TAKEN_FROM",
    "Indicator", "Rule", "RuleSet", "clipped", "overlapping",
]  # fmt: skip

COMPARATORS = (">=", "<=", ">", "<")
#: mean: of the samples; share_at_least, share_at_most: of the samples, held against a level; percentile: of the samples;
#: share: of the samples that are so (a yes or no); reported: a figure that somebody gives.
STATISTICS = ("mean", "share_at_least", "share_at_most", "percentile", "share", "reported")
AREA_LEVELS = ("commune", "province", "country", "road")
BASES = ("legal", "target", "scorecard")
STATUSES = ("in force", "draft", "unverified", "setting")
SOURCE_KINDS = ("drive_test", "crowd_test", "operator_report", "official_measurement", "aggregate", "open_tiles", "traffic")
PERIODS = ("all", "month", "campaign")
#: What a threshold or a level may be taken from where it is not one number.
TAKEN_FROM = ("declared.vd_mbps", "declared.vu_mbps", "declared.vdmin_mbps", "package.download_mbps", "package.upload_mbps")


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is measured or reported.

    Attributes
    ----------
    name : str
    unit : str
        Mbit/s, ms, dBm, share, or per 100 people.
    measured : str
        Column of the samples; empty for what is only reported.
    title : Bilingual
    more_is_better : bool
    least, most : float
        What a level, or a threshold in ``unit``, can be at all.
    """

    name: str
    unit: str
    measured: str
    title: Bilingual
    more_is_better: bool = True
    least: float = 0.0
    most: float = inf


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, or one of its versions.

    Attributes
    ----------
    id : str
    title : Bilingual
    indicator : Indicator
    technologies : tuple of str
        Empty: any.
    access : str
        ``mobile``, ``fixed``, or empty for any.
    operator : str
        ``each`` (one row per operator) or ``any`` (all operators' samples together).
    area_level : str
        Where the document judges; elsewhere a result is indicative.
    source_kinds : tuple of str
        Samples that the document admits; empty: any test, and ``open_tiles`` too. ``traffic`` (bit rates of a phone in use) is none and has to be named.
    campaign_required : bool
    period : str
        Over what samples are taken together: ``all``, ``month`` or ``campaign``.
    statistic, comparator : str
    threshold : float or None
        In ``unit``; None where no value is known, or where it is taken from elsewhere.
    unit : str
        Of the threshold: the indicator's, or ``share``.
    threshold_from : str
        Empty, or what the threshold is taken from, multiplied by ``factor``.
    factor : float
    level : float or None
        Of shares at or above (below) a level, in the indicator's unit; None where no value is known.
    level_from : str
        Empty, or what the level is taken from.
    percentile : float or None
        Within 0 and 1.
    minimum_n : int
        Samples that the document asks for; 0: it asks for none that is known.
    basis : str
        As the file has it; see :attr:`stated_basis`.
    document, clause, source : Bilingual, str, Bilingual
    status : str
    unverified : tuple of str
        Fields that are recalled and not read.
    valid_from, valid_to : date or None
        Both days belong to it.
    due : date or None
        Day by which a target is to be reached.
    origin : str
        File that the rule came from.
    replaces : str
        File whose rule of the same id it takes the place of; empty for none.
    """

    id: str
    title: Bilingual
    indicator: Indicator
    statistic: str
    comparator: str
    unit: str
    basis: str
    document: Bilingual
    source: Bilingual
    status: str
    technologies: tuple[str, ...] = ()
    access: str = ""
    operator: str = "each"
    area_level: str = "province"
    source_kinds: tuple[str, ...] = ()
    campaign_required: bool = False
    period: str = "all"
    threshold: float | None = None
    threshold_from: str = ""
    factor: float = 1.0
    level: float | None = None
    level_from: str = ""
    percentile: float | None = None
    minimum_n: int = 0
    clause: str = ""
    unverified: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    due: date | None = None
    origin: str = ""
    replaces: str = ""

    @property
    def confirmed(self) -> bool:
        """Tell whether the rule may decide: not drafted, not recalled."""
        return self.status in {"in force", "setting"}

    @property
    def stated_basis(self) -> str:
        """Basis as it is shown: ``reference`` for what is not confirmed."""
        return self.basis if self.confirmed else "reference"

    @property
    def shown_title(self) -> Bilingual:
        """Title as it is shown: of what is recalled or drafted it says so, wherever it stands alone."""
        if self.confirmed:
            return self.title
        vi, en = ("dự thảo", "draft") if self.status == "draft" else ("chưa kiểm chứng", "unverified")
        return Bilingual(f"{self.title.vi} [{vi}]", f"{self.title.en} [{en}]")

    @property
    def at_least(self) -> bool:
        """Tell whether the rule asks for more of its statistic."""
        return self.comparator in {">=", ">"}

    def met_by(self, value: float, threshold: float) -> bool:
        """Tell whether a value meets a threshold by the rule's comparator."""
        match self.comparator:
            case ">=":
                return value >= threshold
            case ">":
                return value > threshold
            case "<=":
                return value <= threshold
            case _:
                return value < threshold

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every version of every rule, the department's own laid over those that ship.

    Attributes
    ----------
    rules : tuple of Rule
        In the order of the files, the department's last; versions of one id never share a day.
    """

    rules: tuple[Rule, ...]

    def on(self, day: date) -> RuleSet:
        """Return the rules in force on a day: those of a report of that day."""
        return RuleSet(tuple(rule for rule in self.rules if rule.holds_on(day)))

    def get(self, rule_id: str) -> tuple[Rule, ...]:
        """Return the versions of a rule, the earliest first; empty where there is none."""
        found = (rule for rule in self.rules if rule.id == rule_id)
        return tuple(sorted(found, key=lambda rule: rule.valid_from or date.min))


def overlapping(rules: Iterable[Rule]) -> tuple[Rule, Rule] | None:
    """Return two versions of one id that share a day; None where there are none such."""
    by_id: dict[str, list[Rule]] = {}
    for rule in rules:
        by_id.setdefault(rule.id, []).append(rule)
    for versions in by_id.values():
        ordered = sorted(versions, key=lambda rule: rule.valid_from or date.min)
        for before, after in pairwise(ordered):
            if (before.valid_to or date.max) >= (after.valid_from or date.min):
                return before, after
    return None


def clipped(rule: Rule, own: Sequence[Rule]) -> list[Rule]:
    """Return what is left of a rule on the days that no rule of ``own`` with its id claims; an earlier day keeps the rule of its day."""
    pieces = [(rule.valid_from or date.min, rule.valid_to or date.max)]
    for other in own:
        if other.id != rule.id:
            continue
        first, last = other.valid_from or date.min, other.valid_to or date.max
        left: list[tuple[date, date]] = []
        for begin, end in pieces:
            if last < begin or end < first:
                left.append((begin, end))
                continue
            if begin < first:
                left.append((begin, first - timedelta(days=1)))
            if last < end:
                left.append((last + timedelta(days=1), end))
        pieces = left
    return [
        replace(rule, valid_from=None if begin == date.min else begin, valid_to=None if end == date.max else end)
        for begin, end in pieces
    ]
