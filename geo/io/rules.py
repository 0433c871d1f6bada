"""Reading rules: the catalogue that ships, a department's own laid over it, every entry checked.

A rule that is not understood is refused with its file, its place and its key: a rule that is quietly left out, or read
otherwise than it was meant, would make verdicts of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from typing import Any

from geo.errors import Bilingual, ProjectFileError
from geo.io.resources import load_toml
from geo.rules import (
    AREA_LEVELS,
    BASES,
    COMPARATORS,
    PERIODS,
    SOURCE_KINDS,
    STATISTICS,
    STATUSES,
    TAKEN_FROM,
    Indicator,
    Rule,
    RuleSet,
    clipped,
    overlapping,
)

__all__ = ["indicators", "read_rules", "rules_from"]

#: Indicators of catalogue entries that are about coverage, read elsewhere.
_OF_COVERAGE = ("planning_level", "technology_counts")
_TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_KEYS = (
    "id", "indicator", "title", "technology", "access", "operator", "area_level", "source_kinds", "campaign_required", "period",
    "statistic", "comparator", "threshold", "threshold_from", "factor", "level", "level_from", "percentile", "unit", "minimum_n",
    "basis", "document", "clause", "source", "status", "unverified", "valid_from", "valid_to", "due",
)  # fmt: skip
_NEEDED = ("id", "indicator", "statistic", "comparator", "unit", "basis", "document", "source", "status")
_LONGEST_ID = 80


@lru_cache(maxsize=1)
def indicators() -> Mapping[str, Indicator]:
    """Return what rules may be about, by name."""
    return {
        name: Indicator(name, entry["unit"], entry.get("measured", ""), Bilingual(entry["vi"], entry["en"]))
        for name, entry in load_toml("indicators.toml").items()
    }


def read_rules(catalogue: str, extra: Mapping[str, object] | None = None, extra_file: str = "") -> RuleSet:
    """Return the rules of a catalogue with a department's own laid over them.

    A rule of the department takes the place of the one of the same id on its own days; on other days that one stays, so
    that the report of an earlier day can be made again.

    Parameters
    ----------
    catalogue : str
        Name of a file under ``resources/rules``, without ``.toml``.
    extra : mapping, optional
        The department's file, parsed; its ``[[rules]]``.
    extra_file : str
        Its name, as messages and results show it.

    Raises
    ------
    ProjectFileError
        With every fault of a file in one message: file, rule and key.
    """
    content = load_toml(f"rules/{catalogue}.toml")
    shipped = rules_from(content.get("rules", []), f"{catalogue}.toml", ours=True)
    for part in content["catalogue"].get("parts", []):
        shipped += rules_from(load_toml(f"rules/parts/{part}.toml").get("rules", []), f"{catalogue}/{part}.toml")
    _refuse_overlap(shipped)
    own = rules_from((extra or {}).get("rules", []), extra_file)
    named = {rule.id: rule.origin for rule in shipped}
    own = [replace(rule, replaces=named.get(rule.id, "")) for rule in own]
    kept = [piece for rule in shipped for piece in clipped(rule, own)]
    return RuleSet((*kept, *own))


def rules_from(entries: object, file: str, *, ours: bool = False) -> list[Rule]:
    """Return the rules of one file, checked.

    Parameters
    ----------
    entries : object
        What stands under ``rules``.
    file : str
        For messages, and as the rules' origin.
    ours : bool
        Entries about coverage are passed over; in a department's file they are refused, since they would do nothing.

    Raises
    ------
    ProjectFileError
        With every fault in one message.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ProjectFileError(
            f"{file}: rules phải là danh sách bảng [[rules]].", f"{file}: rules must be a list of tables [[rules]]."
        )
    faults: list[Bilingual] = []
    rules = []
    for number, entry in enumerate(entries, start=1):
        if ours and entry.get("indicator") in _OF_COVERAGE:
            continue
        reader = _Entry(entry, number, faults)
        rule = reader.rule(file)
        if rule is not None:
            rules.append(rule)
    if faults:
        raise ProjectFileError(
            f"{file}: " + " ".join(f.vi for f in faults), f"{file}: " + " ".join(f.en for f in faults)
        )
    _refuse_overlap(rules)
    return rules


def _refuse_overlap(rules: Iterable[Rule]) -> None:
    found = overlapping(rules)
    if found is None:
        return
    before, after = found
    said = f"{_day(before.valid_from, '…')} – {_day(before.valid_to, '…')}"
    again = f"{_day(after.valid_from, '…')} – {_day(after.valid_to, '…')}"
    where = before.origin if before.origin == after.origin else f"{before.origin}, {after.origin}"
    raise ProjectFileError(
        f"{where}: quy tắc '{before.id}' có hai bản hiệu lực trùng ngày ({said} và {again}); hãy sửa valid_from hoặc valid_to.",
        f"{where}: rule '{before.id}' has two versions in force on the same days ({said} and {again}); mend valid_from or valid_to.",
    )


def _day(day: date | None, none: str) -> str:
    return none if day is None else day.isoformat()


class _Entry:
    """One entry of a rule file; what is wrong with it is collected."""

    def __init__(self, entry: Mapping[str, Any], number: int, faults: list[Bilingual]) -> None:
        self.entry = entry
        self.name = str(entry.get("id", "")) or f"[[rules]] {number}"
        self.faults = faults
        self.before = len(faults)

    def fault(self, key: str, vi: str, en: str) -> None:
        given = self.entry.get(key)
        came = (f" = {given}" if isinstance(given, date) else f" = {given!r}") if key in self.entry else ""
        self.faults.append(Bilingual(f"Quy tắc '{self.name}', {key}{came}: {vi}.", f"Rule '{self.name}', {key}{came}: {en}."))

    def rule(self, file: str) -> Rule | None:
        entry = self.entry
        for key in entry:
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, n=1)
                self.fault(
                    key,
                    f"không có mục này; có phải '{near[0]}'?" if near else "không có mục này",
                    f"there is no such key; did you mean '{near[0]}'?" if near else "there is no such key",
                )
        for key in _NEEDED:
            if key not in entry or entry[key] == "":
                self.fault(key, "thiếu mục này", "this key is missing")
        if entry.get("indicator") in _OF_COVERAGE:
            self.fault("indicator", "mức quy hoạch đặt trong [settings] levels_dbm của dự án", "planning levels are set in the project's [settings] levels_dbm")
            return None
        indicator = indicators().get(str(entry.get("indicator", "")))
        if indicator is None:
            if "indicator" in entry:
                self.choice("indicator", tuple(indicators()))
            return None
        statistic = self.choice("statistic", STATISTICS)
        taken = self.choice("threshold_from", TAKEN_FROM, default="")
        level_from = self.choice("level_from", TAKEN_FROM, default="")
        rule = Rule(
            id=self.text("id"),
            title=self.words("title") if "title" in entry else indicator.title,
            indicator=indicator,
            statistic=statistic,
            comparator=self.choice("comparator", COMPARATORS),
            unit=self.text("unit"),
            basis=self.choice("basis", BASES),
            document=self.words("document"),
            source=self.words("source"),
            status=self.choice("status", STATUSES),
            technologies=self.several("technology", _TECHNOLOGIES),
            access=self.choice("access", ("mobile", "fixed"), default=""),
            operator=self.choice("operator", ("each", "any"), default="each"),
            area_level=self.choice("area_level", AREA_LEVELS, default="province"),
            source_kinds=self.several("source_kinds", SOURCE_KINDS),
            campaign_required=self.flag("campaign_required"),
            period=self.choice("period", PERIODS, default="all"),
            threshold=self.number("threshold"),
            threshold_from=taken,
            factor=1.0 if "factor" not in entry else (self.number("factor", low=0.0) or 1.0),
            level=self.number("level"),
            level_from=level_from,
            percentile=self.number("percentile", low=0.0, high=1.0),
            minimum_n=self.count("minimum_n"),
            clause=self.text("clause"),
            unverified=self.several("unverified", _KEYS),
            valid_from=self.day("valid_from"),
            valid_to=self.day("valid_to"),
            due=self.day("due"),
            origin=file,
        )
        self.sense(rule)
        return rule if len(self.faults) == self.before else None

    def sense(self, rule: Rule) -> None:
        """State what does not go together."""
        of_share = rule.statistic in {"share_at_least", "share_at_most", "share"}
        wanted = "share" if of_share else rule.indicator.unit
        if "unit" in self.entry and rule.unit != wanted:
            self.fault("unit", f"với statistic = '{rule.statistic}' của '{rule.indicator.name}' đơn vị phải là '{wanted}'", f"with statistic = '{rule.statistic}' of '{rule.indicator.name}' the unit must be '{wanted}'")
        if rule.threshold is not None and rule.unit == "share" and not 0.0 <= rule.threshold <= 1.0:
            self.fault("threshold", "tỷ lệ viết từ 0 đến 1 (95 % là 0.95)", "a share is written from 0 to 1 (95 % is 0.95)")
        if rule.threshold is not None and rule.unit in {"Mbit/s", "ms", "per 100 people"} and rule.threshold <= 0:
            self.fault("threshold", "cần số lớn hơn 0", "a number above 0 is needed")
        if rule.threshold is not None and rule.threshold_from:
            self.fault("threshold_from", "chỉ dùng một trong threshold và threshold_from", "either threshold or threshold_from, not both")
        if rule.level is not None and rule.level_from:
            self.fault("level_from", "chỉ dùng một trong level và level_from", "either level or level_from, not both")
        if not rule.statistic.startswith("share_at_") and (rule.level is not None or rule.level_from):
            self.fault("level" if rule.level is not None else "level_from", "chỉ dùng với share_at_least hoặc share_at_most", "only with share_at_least or share_at_most")
        if (rule.statistic == "percentile") != (rule.percentile is not None):
            self.fault("percentile", "cần có khi, và chỉ khi, statistic = 'percentile'", "needed if, and only if, statistic = 'percentile'")
        if rule.threshold_from and rule.statistic != "mean":
            self.fault("threshold_from", "chỉ dùng với statistic = 'mean'", "only with statistic = 'mean'")
        if rule.factor != 1.0 and not rule.threshold_from:
            self.fault("factor", "chỉ dùng với threshold_from", "only with threshold_from")
        if rule.statistic == "share" and rule.indicator.unit != "share":
            self.fault("statistic", "'share' chỉ dùng cho chỉ tiêu có/không như ipv6", "'share' is for yes-or-no indicators such as ipv6")
        if rule.statistic in {"mean", "percentile"} and rule.indicator.unit in {"share", "dBm"}:
            self.fault("statistic", f"không tính được cho '{rule.indicator.name}'", f"cannot be taken of '{rule.indicator.name}'")
        if rule.statistic != "reported" and not rule.indicator.measured:
            self.fault("statistic", f"'{rule.indicator.name}' chỉ có số liệu báo cáo: dùng 'reported'", f"'{rule.indicator.name}' is only reported: use 'reported'")
        if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
            self.fault("valid_to", f"trước valid_from ({rule.valid_from})", f"before valid_from ({rule.valid_from})")
        if rule.campaign_required and rule.period != "campaign":
            self.fault("campaign_required", "cần period = 'campaign'", "period = 'campaign' is needed")
        if rule.due and rule.basis != "target":
            self.fault("due", "chỉ dùng với basis = 'target'", "only with basis = 'target'")
        if rule.basis == "legal" and rule.status == "setting":
            self.fault("status", "quy tắc pháp lý không thể là lựa chọn riêng ('setting')", "a legal rule cannot be a choice of one's own ('setting')")
        if rule.unverified and rule.status == "in force":
            self.fault("status", "có mục chưa kiểm chứng (unverified) thì status phải là 'unverified'", "with unverified fields the status must be 'unverified'")

    def text(self, key: str) -> str:
        value = self.entry.get(key, "")
        if not isinstance(value, str) or len(value) > 500 or (key == "id" and len(value) > _LONGEST_ID):
            self.fault(key, "cần văn bản trong nháy", "text in quotes is needed")
            return ""
        return value.strip()

    def words(self, key: str) -> Bilingual:
        value = self.entry.get(key, "")
        if isinstance(value, str):
            return Bilingual(value, value)
        if isinstance(value, Mapping) and set(value) == {"vi", "en"} and all(isinstance(v, str) and v for v in value.values()):
            return Bilingual(value["vi"], value["en"])
        self.fault(key, 'cần văn bản, hoặc { vi = "…", en = "…" }', 'text is needed, or { vi = "…", en = "…" }')
        return Bilingual("", "")

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        if key not in self.entry:
            return allowed[0] if default is None else default
        value = self.entry[key]
        if isinstance(value, str) and (value in allowed or (value == "" and default == "")):
            return value
        near = difflib.get_close_matches(str(value), allowed, n=1)
        listed = ", ".join(allowed)
        self.fault(
            key, (f"có phải '{near[0]}'? " if near else "") + f"chỉ nhận: {listed}", (f"did you mean '{near[0]}'? " if near else "") + f"allowed: {listed}"
        )
        return allowed[0]

    def several(self, key: str, allowed: Sequence[str]) -> tuple[str, ...]:
        value = self.entry.get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(v in allowed for v in values):
            listed = ", ".join(allowed)
            self.fault(key, f"chỉ nhận: {listed}", f"allowed: {listed}")
            return ()
        return tuple(dict.fromkeys(values))

    def flag(self, key: str) -> bool:
        value = self.entry.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, "chỉ true hoặc false", "true or false")
            return False
        return value

    def number(self, key: str, low: float = -1e9, high: float = 1e9) -> float | None:
        value = self.entry.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and low <= value <= high):
            if isinstance(value, int | float) and not isinstance(value, bool) and (low, high) == (0.0, 1.0):
                self.fault(key, "cần số từ 0 đến 1", "a number from 0 to 1 is needed")
            else:
                self.fault(key, "cần một số", "a number is needed")
            return None
        return float(value)

    def count(self, key: str) -> int:
        value = self.entry.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.fault(key, "cần số nguyên không âm", "a whole number that is not negative is needed")
            return 0
        return value

    def day(self, key: str) -> date | None:
        value = self.entry.get(key)
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.fault(key, "cần ngày có thật, viết năm-tháng-ngày, ví dụ 2026-01-31", "a day that exists is needed, written year-month-day, such as 2026-01-31")
        return None
