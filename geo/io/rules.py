"""Reading rules: the catalogue that ships, a department's own laid over it, every entry checked.

A rule that is not understood is refused with its file, its place and its key: a rule that is quietly left out, or read
otherwise than it was meant, would make verdicts of its own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from geo.errors import Bilingual, ProjectFileError
from geo.io.resources import load_toml
from geo.numbers import plain_number_text, vietnamese
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
_LONGEST_ID, _LONGEST_TEXT = 80, 500
#: Results join ids by "; ", and a command takes one as a word.
_ID = re.compile(r"[\w.-]+")
#: Largest number that anything in a rule can mean; what an indicator can be at all stands in ``resources/indicators.toml``.
_BEYOND = 1e9
#: What else a department's file may hold, and the keys of its entries; their readers check the values.
_DISTANCE = ("id", "area", "classes", "height_over_m", "height_up_to_m", "distance_m", "document", "source", "status")
_TABLES: Mapping[str, Sequence[str]] = {
    "rules": _KEYS,
    "province": ("code", "name", "zone_epsg", "former_zone_epsg", "made_up"),
    "operator": ("name", "aliases", "mcc_mnc", "hosts", "status", "source", "unverified"),
    "mast_spacing": _DISTANCE,
    "mast_sharing": _DISTANCE,
    "area_classes": ("id", "area_kind", "classes", "document", "source", "status"),
}
#: What a speed may be held against: downloads against what is declared of downloads.
_TAKEN_FOR = {
    "download": ("declared.vd_mbps", "declared.vdmin_mbps", "package.download_mbps"),
    "upload": ("declared.vu_mbps", "package.upload_mbps"),
}
#: Aggregates are means: no share and no level of single samples can be had from them.
_WITHOUT_SAMPLES = {"aggregate", "open_tiles"}
#: Samples of signal come from these alone.
_OF_SIGNAL = {"drive_test", "official_measurement"}


@lru_cache(maxsize=1)
def indicators() -> Mapping[str, Indicator]:
    """Return what rules may be about, by name."""
    return {
        name: Indicator(
            name, entry["unit"], entry.get("measured", ""), Bilingual(entry["vi"], entry["en"]), entry["better"] == "more",
            float(entry.get("least", 0.0)), float(entry.get("most", 1.0 if entry["unit"] == "share" else inf)),
        )
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
        With every fault of a file in one message: file, rule and key; also for a table or a key that nobody reads.
    """
    shipped = _shipped(catalogue)
    _refuse_unread(extra or {}, extra_file)
    own = rules_from((extra or {}).get("rules", []), extra_file)
    _refuse_other_matter(own, shipped, extra_file)
    named = {rule.id: rule.origin for rule in shipped}
    own = [replace(rule, replaces=named.get(rule.id, "")) for rule in own]
    kept = [piece for rule in shipped for piece in clipped(rule, own)]
    return RuleSet((*kept, *own))


@lru_cache(maxsize=4)
def _shipped(catalogue: str) -> tuple[Rule, ...]:
    content = load_toml(f"rules/{catalogue}.toml")
    shipped = rules_from(content.get("rules", []), f"{catalogue}.toml", ours=True)
    for part in content["catalogue"].get("parts", []):
        shipped += rules_from(load_toml(f"rules/parts/{part}.toml").get("rules", []), f"{catalogue}/{part}.toml", ours=True)
    _refuse_overlap(shipped)
    return tuple(shipped)


def rules_from(entries: object, file: str, *, ours: bool = False) -> list[Rule]:
    """Return the rules of one file, checked.

    Parameters
    ----------
    entries : object
        What stands under ``rules``.
    file : str
        For messages, and as the rules' origin.
    ours : bool
        Entries about coverage are passed over, and a value that is not known may be left out; in a department's file both are
        refused, since such a rule would do nothing.

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
        reader = _Entry(entry, number, faults, ours=ours)
        rule = reader.rule(file)
        if rule is not None:
            rules.append(rule)
    if faults:
        raise ProjectFileError(
            f"{file}: " + " ".join(f.vi for f in faults), f"{file}: " + " ".join(f.en for f in faults)
        )
    _refuse_overlap(rules)
    return rules


def _refuse_unread(content: Mapping[str, object], file: str) -> None:
    """Refuse tables, and keys of the tables that are not rules, which nobody reads: what was meant with them would not happen."""
    faults: list[Bilingual] = []
    for name, value in content.items():
        if name not in _TABLES:
            near = _near(name, tuple(_TABLES))
            listed = ", ".join(f"[[{table}]]" for table in _TABLES)
            table = isinstance(value, Mapping | list)
            shown = f"[[{name}]]" if table else f"'{name}'"
            loose = not table and name in _KEYS
            faults.append(
                Bilingual(
                    f"không có mục {shown}" + (", trước nó thiếu dòng [[rules]]?" if loose else f", có phải [[{near}]]?" if near else "") + f" (các mục: {listed}).",
                    f"there is no {shown}" + (", is the line [[rules]] missing before it?" if loose else f", did you mean [[{near}]]?" if near else "") + f" (tables: {listed}).",
                )
            )
        elif not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            faults.append(Bilingual(f"{name} phải là danh sách bảng [[{name}]].", f"{name} must be a list of tables [[{name}]]."))
        elif name != "rules":  # those of rules are said with the rule's other faults
            for number, entry in enumerate(value, start=1):
                who = str(entry.get("id", "") or entry.get("code", "") or entry.get("name", "") or number)
                for key in entry:
                    if key not in _TABLES[name]:
                        said = _no_such_key(key, _TABLES[name])
                        faults.append(Bilingual(f"[[{name}]] '{who}', {key}: {said.vi}.", f"[[{name}]] '{who}', {key}: {said.en}."))
    if faults:
        raise ProjectFileError(f"{file}: " + " ".join(f.vi for f in faults), f"{file}: " + " ".join(f.en for f in faults))


def _near(name: str, allowed: Sequence[str]) -> str:
    """Return the allowed name that one that is not allowed most likely stands for; empty where none is like it."""
    found = difflib.get_close_matches(name.strip().lower().replace("-", "_").replace(" ", "_"), allowed, n=1)
    return found[0] if found else ""


def _no_such_key(key: str, allowed: Sequence[str]) -> Bilingual:
    near, listed = _near(key, allowed), ", ".join(allowed)
    return Bilingual(
        "không có mục này" + (f", có phải '{near}'?" if near else "") + f" (các mục: {listed})",
        "there is no such key" + (f", did you mean '{near}'?" if near else "") + f" (keys: {listed})",
    )


def _refuse_other_matter(own: Iterable[Rule], shipped: Iterable[Rule], file: str) -> None:
    """Refuse a rule that takes the place of one about something else: that one would be gone without a word."""
    replaced = {rule.id: rule for rule in shipped}
    for rule in own:
        other = replaced.get(rule.id)
        if other is not None and (rule.indicator.name != other.indicator.name or (other.access and rule.access != other.access)):
            this, that = (" ".join(filter(None, (each.indicator.name, each.access))) for each in (rule, other))
            raise ProjectFileError(
                f"{file}: quy tắc '{rule.id}' nói về {this}, nhưng quy tắc đi kèm cùng mã ({other.origin}) nói về {that} và sẽ mất; hãy đặt mã khác hoặc sửa cho khớp.",
                f"{file}: rule '{rule.id}' is about {this}, but the one of that id that ships ({other.origin}) is about {that} and would be gone; choose another id, or mend it.",
            )


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


def _as_written(value: object) -> str:
    """Return a value as a rule file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}" if isinstance(value, date) else f"{value!r}"


class _Entry:
    """One entry of a rule file; what is wrong with it is collected."""

    def __init__(self, entry: Mapping[str, Any], number: int, faults: list[Bilingual], *, ours: bool) -> None:
        self.entry = entry
        self.ours = ours
        self.name = str(entry.get("id", "")) or f"[[rules]] {number}"
        self.faults = faults
        self.before = len(faults)

    def fault(self, key: str, vi: str, en: str) -> None:
        given = self.entry.get(key)
        came = f" = {_as_written(given)}" if key in self.entry else ""
        self.faults.append(Bilingual(f"Quy tắc '{self.name}', {key}{came}: {vi}.", f"Rule '{self.name}', {key}{came}: {en}."))

    def rule(self, file: str) -> Rule | None:
        entry = self.entry
        for key in entry:
            if key not in _KEYS:
                said = _no_such_key(key, _KEYS)
                self.fault(key, said.vi, said.en)
        for key in _NEEDED:
            if key not in entry or (isinstance(entry[key], str) and not entry[key].strip()):
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
            factor=self.factor(),
            level=self.number("level"),
            level_from=level_from,
            percentile=self.percentile(),
            minimum_n=self.count("minimum_n"),
            clause=self.text("clause"),
            unverified=self.several("unverified", _KEYS),
            valid_from=self.day("valid_from"),
            valid_to=self.day("valid_to"),
            due=self.day("due"),
            origin=file,
        )
        # What does not go together is told of keys that are right each by itself: else defaults would be found fault with.
        if len(self.faults) == self.before:
            self.sense(rule)
        return rule if len(self.faults) == self.before else None

    def sense(self, rule: Rule) -> None:
        """State what does not go together."""
        of_share = rule.statistic in {"share_at_least", "share_at_most", "share"}
        wanted = "share" if of_share else rule.indicator.unit
        if rule.unit != wanted:
            self.fault("unit", f"với statistic = '{rule.statistic}' của '{rule.indicator.name}' đơn vị phải là '{wanted}'", f"with statistic = '{rule.statistic}' of '{rule.indicator.name}' the unit must be '{wanted}'")
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
        if "factor" in self.entry and not rule.threshold_from:
            self.fault("factor", "chỉ dùng với threshold_from", "only with threshold_from")
        self.of_indicator(rule)
        if rule.campaign_required and rule.period != "campaign":
            self.fault("campaign_required", "cần period = 'campaign'", "period = 'campaign' is needed")
        if rule.basis == "legal" and rule.status == "setting":
            self.fault("status", "quy tắc pháp lý không thể là lựa chọn riêng ('setting')", "a legal rule cannot be a choice of one's own ('setting')")
        if rule.unverified and rule.status == "in force":
            self.fault("status", "có mục chưa kiểm chứng (unverified) thì status phải là 'unverified'", "with unverified fields the status must be 'unverified'")
        self.days(rule)
        if len(self.faults) == self.before:  # what follows takes statistic, unit and keys to fit each other
            self.numbers(rule)
            self.matter(rule)

    def of_indicator(self, rule: Rule) -> None:
        """State a statistic that cannot be taken of the indicator."""
        name, unit = rule.indicator.name, rule.indicator.unit
        if not rule.indicator.measured:
            if rule.statistic != "reported":
                self.fault("statistic", f"'{name}' chỉ có số liệu báo cáo: dùng 'reported'", f"'{name}' is only reported: use 'reported'")
        elif rule.statistic == "reported":
            self.fault("statistic", f"'{name}' được đo, không ai báo cáo: 'reported' sẽ không bao giờ có số liệu", f"'{name}' is measured and reported by nobody: 'reported' would never have a figure")
        elif rule.statistic in {"mean", "percentile"} and unit in {"share", "dBm"}:
            self.fault("statistic", f"không tính được cho '{name}'", f"cannot be taken of '{name}'")
        elif rule.statistic == "share" and unit != "share":
            self.fault("statistic", "'share' chỉ dùng cho chỉ tiêu có/không như ipv6", "'share' is for yes-or-no indicators such as ipv6")
        elif rule.statistic.startswith("share_at_") and unit == "share":
            self.fault("statistic", f"'{name}' chỉ là có hoặc không, không có mức: dùng 'share'", f"'{name}' is a yes or no without a level: use 'share'")

    def days(self, rule: Rule) -> None:
        """State days that cannot follow each other so."""
        if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
            self.fault("valid_to", f"trước valid_from ({rule.valid_from})", f"before valid_from ({rule.valid_from})")
        if rule.due and rule.basis != "target":
            self.fault("due", "chỉ dùng với basis = 'target'", "only with basis = 'target'")
        elif rule.due and rule.valid_from and rule.due < rule.valid_from:
            self.fault("due", f"hạn phải đạt trước ngày có hiệu lực ({rule.valid_from})", f"to be reached before it is in force ({rule.valid_from})")
        elif rule.due and rule.valid_to and rule.due > rule.valid_to:
            self.fault("due", f"hạn phải đạt sau ngày hết hiệu lực ({rule.valid_to}): sẽ không bao giờ được xét", f"to be reached after its last day ({rule.valid_to}): it would never be judged")

    def numbers(self, rule: Rule) -> None:
        """State numbers that every figure, or none, would meet, and missing ones."""
        known = rule.indicator
        low, high = plain_number_text(known.least), plain_number_text(known.most)
        if rule.level is not None and not self.possible(rule.level, known):
            self.fault("level", f"'{known.name}' không thể có mức này: cần từ {low.vi} đến {high.vi} {known.unit}", f"'{known.name}' cannot have this level: from {low.en} to {high.en} {known.unit} is needed")
        if rule.threshold is not None:
            always = rule.met_by(0.0, rule.threshold) and rule.met_by(1.0, rule.threshold)
            if rule.unit == "share" and not 0.0 <= rule.threshold <= 1.0:
                self.fault("threshold", "tỷ lệ viết từ 0 đến 1 (95 % là 0.95)", "a share is written from 0 to 1 (95 % is 0.95)")
            elif rule.unit == "share" and always:
                self.fault("threshold", f"tỷ lệ nào cũng {rule.comparator} {vietnamese(rule.threshold)}: quy tắc luôn đạt", f"every share is {rule.comparator} {rule.threshold:g}: the rule is always met")
            elif rule.unit == "share" and not (rule.met_by(0.0, rule.threshold) or rule.met_by(1.0, rule.threshold)):
                self.fault("threshold", f"không tỷ lệ nào {rule.comparator} {vietnamese(rule.threshold)}: quy tắc không bao giờ đạt", f"no share is {rule.comparator} {rule.threshold:g}: the rule can never be met")
            elif rule.unit != "share" and not self.possible(rule.threshold, known):
                self.fault("threshold", f"cần số lớn hơn {low.vi}, không quá {high.vi} {rule.unit}", f"a number above {low.en}, up to {high.en} {rule.unit}, is needed")
        if self.ours:
            return  # the catalogue ships what no document tells as not known, and says so
        if rule.threshold is None and not rule.threshold_from and "threshold" not in rule.unverified:
            self.fault("threshold", "thiếu mục này: không có ngưỡng thì không xét được gì", "this key is missing: without a threshold nothing can be judged")
        if rule.statistic.startswith("share_at_") and rule.level is None and not rule.level_from and "level" not in rule.unverified:
            self.fault("level", f"thiếu mục này: {rule.statistic} cần biết mức nào (hoặc level_from)", f"this key is missing: {rule.statistic} needs to know which level (or level_from)")

    @staticmethod
    def possible(value: float, known: Indicator) -> bool:
        # The end of a scale of levels is a level; no speed, no time and no number of lines is not asked for.
        return (known.least <= value if known.unit == "dBm" else known.least < value) and value <= known.most

    def matter(self, rule: Rule) -> None:
        """State what no sample could ever be held against, or what would be judged the wrong way round."""
        name, kinds, signal = rule.indicator.name, set(rule.source_kinds), rule.indicator.unit == "dBm"
        up = rule.indicator.more_is_better != (rule.statistic == "share_at_most")
        if rule.at_least != up:
            right = ">= hoặc >" if up else "<= hoặc <"
            self.fault(
                "comparator", f"ngược chiều: với '{name}' và statistic = '{rule.statistic}' phải là {right}",
                f"the wrong way round: of '{name}' with statistic = '{rule.statistic}' it must be {right.replace('hoặc', 'or')}",
            )  # fmt: skip
        for key, source in (("threshold_from", rule.threshold_from), ("level_from", rule.level_from)):
            allowed = _TAKEN_FOR.get(name, ())
            if source and source not in allowed:
                listed = ", ".join(allowed)
                self.fault(
                    key, f"không phải mức của '{name}'" + (f"; chỉ nhận: {listed}" if allowed else ": không ai công bố mức đó"),
                    f"is no value of '{name}'" + (f"; allowed: {listed}" if allowed else ": nobody declares one"),
                )  # fmt: skip
        if rule.access == "fixed" and rule.technologies:
            self.fault("technology", "mạng cố định không có công nghệ di động: bỏ một trong technology và access", "fixed lines have no mobile technology: leave out technology or access")
        elif signal and rule.access == "fixed":
            self.fault("access", f"'{name}' chỉ có ở mạng di động", f"'{name}' is of mobile networks alone")
        elif signal and not rule.technologies:
            self.fault("technology", f"thiếu mục này: mức của '{name}' mỗi công nghệ một đại lượng (RxLev, RSCP, RSRP)", f"this key is missing: each technology has its own quantity for the level of '{name}' (RxLev, RSCP, RSRP)")
        if rule.area_level == "road" and not signal:
            self.fault("area_level", f"'{name}' không được tính theo đường", f"'{name}' is not taken by road")
        if signal and kinds and not kinds & _OF_SIGNAL:
            self.fault("source_kinds", f"'{name}' chỉ đo được từ: {', '.join(sorted(_OF_SIGNAL))}", f"'{name}' is measured by these alone: {', '.join(sorted(_OF_SIGNAL))}")
        elif rule.unit == "share" and rule.indicator.measured and kinds and kinds <= _WITHOUT_SAMPLES:
            self.fault("source_kinds", "số liệu gộp chỉ có trung bình, không tính được tỷ lệ mẫu từ đó", "aggregates are means: no share of samples can be had from them")

    def text(self, key: str) -> str:
        value = self.entry.get(key, "")
        most = _LONGEST_ID if key == "id" else _LONGEST_TEXT
        if not isinstance(value, str):
            self.fault(key, "cần văn bản trong nháy", "text in quotes is needed")
            return ""
        if len(value) > most:
            self.fault(key, f"dài {len(value)} ký tự, không quá {most}", f"{len(value)} characters, {most} at most")
            return ""
        if key == "id" and not _ID.fullmatch(value.strip()):
            self.fault(key, "mã chỉ gồm chữ, số, _ . -", "an id is of letters, digits, _ . - alone")
            return ""
        return value.strip()

    def words(self, key: str) -> Bilingual:
        value = self.entry.get(key, "")
        if key in _NEEDED and isinstance(value, str) and not value.strip():
            return Bilingual("", "")  # said to be missing
        texts = {"vi": value, "en": value} if isinstance(value, str) else value
        if isinstance(texts, Mapping) and set(texts) == {"vi", "en"} and all(isinstance(v, str) and v.strip() for v in texts.values()):
            longest = max(len(v) for v in texts.values())
            if longest <= _LONGEST_TEXT:
                return Bilingual(texts["vi"], texts["en"])
            self.fault(key, f"dài {longest} ký tự, không quá {_LONGEST_TEXT}", f"{longest} characters, {_LONGEST_TEXT} at most")
            return Bilingual("", "")
        if isinstance(texts, Mapping) and set(texts) - {"vi", "en"}:
            other = sorted(map(str, set(texts) - {"vi", "en"}))[0]
            self.fault(key, f"trong đó không có mục '{other}'; chỉ nhận: vi, en", f"it has no key '{other}'; allowed: vi, en")
            return Bilingual("", "")
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
            wrong = [str(v) for v in values if v not in allowed] if isinstance(values, list) else []
            listed, near = ", ".join(allowed), _near(wrong[0], allowed) if wrong else ""
            self.fault(key, (f"có phải '{near}'? " if near else "") + f"chỉ nhận: {listed}", (f"did you mean '{near}'? " if near else "") + f"allowed: {listed}")
            return ()
        return tuple(dict.fromkeys(values))

    def flag(self, key: str) -> bool:
        value = self.entry.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, "chỉ true hoặc false", "true or false")
            return False
        return value

    def number(self, key: str) -> float | None:
        value = self.entry.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and abs(value) <= _BEYOND):
            self.fault(key, "cần một số", "a number is needed")
            return None
        return float(value)

    def factor(self) -> float:
        value = self.number("factor")
        if value is None or 0.0 < value <= 1.0:
            return 1.0 if value is None else value
        self.fault("factor", "là phần của mức công bố: cần số lớn hơn 0, không quá 1 (80 % là 0.8)", "is a part of what was declared: a number above 0, up to 1, is needed (80 % is 0.8)")
        return 1.0

    def percentile(self) -> float | None:
        value = self.number("percentile")
        if value is None or 0.0 < value < 1.0:
            return value
        self.fault("percentile", "cần số từ 0 đến 1, không kể hai đầu (bách phân vị 5 là 0.05)", "a number from 0 to 1 without these two is needed (the 5th percentile is 0.05)")
        return None

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
