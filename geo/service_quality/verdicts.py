"""Verdicts: one row per area, rule, operator, technology, access, period and kind of source.

Two statements that are never mixed. ``rule_result`` is what the document prescribes, with its own least number of samples,
at its own level and from its own kind of source; anything else is ``indicative``. ``evidence`` is our own: what the samples
show of the true figure, clustered and skewed as they are, whatever the document says of them.

Each sample is held against the rules of its own day. ``q_value`` is taken over all rows of a rule and a level of areas, which is the
list that would be drawn from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.rules import Rule, RuleSet
from geo.service_quality.agreement import agreeing, open_above
from geo.service_quality.declared import declared_values
from geo.service_quality.figures import Figures, figures_of_aggregates, figures_of_samples, of_the_statistic
from geo.service_quality.overlaps import periods_of_sums, sums_once
from geo.service_quality.periods import covered_days, period_name
from geo.service_quality.samples import NONE, Samples, empty_declarations, samples_of
from geo.service_quality.settings import ServiceSettings
from geo.service_quality.spread import different_pairs, hour_span, largest_share, limited_by_largest
from geo.standards import EvidenceSettings, q_values

__all__ = ["JOINT_COLUMNS", "STANDARD_COLUMNS", "Areas", "areas_of", "judge", "rule_columns", "status_reasons"]

_F64 = npt.NDArray[np.float64]
_I64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

#: Columns of the result, in order; the first are the ones that other programs rely on.
STANDARD_COLUMNS = (
    "area_code", "area_level", "rule_id", "operator", "technology", "access", "period", "source_kind", "statistic", "value", "low", "high", "n",
    "n_effective", "n_needed", "threshold", "rule_result", "evidence", "q_value", "reason", "basis", "status", "document", "clause",
    "rule_title", "indicator", "unit", "comparator", "campaign", "days", "hours", "places", "devices", "tied_with", "rule_valid_from", "rule_from",
    "n_minimum", "area_name", "rule_valid_to", "rule_due", "rule_area_level",
)  # fmt: skip
#: Bounds that hold for all areas of a rule's rows at once, for ranks; not written to the table.
JOINT_COLUMNS = ("joint_low", "joint_high")
_EPOCH = date(1970, 1, 1)
_PACKAGES = {"package.download_mbps": "package_download_mbps", "package.upload_mbps": "package_upload_mbps"}


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas that verdicts are given for.

    Attributes
    ----------
    codes : mapping of str to tuple of str
        By level: ``commune``, ``province``, and ``road`` where samples were placed on roads.
    province_of : mapping of str to str
        Commune to province.
    names : mapping of str to mapping of str to str
        By level, code to name; without one where none is known.
    """

    codes: Mapping[str, tuple[str, ...]]
    province_of: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def level_for(self, wanted: str) -> str:
        """Return the level at which a rule without any figure is listed: its own where such areas are known, else provinces."""
        return wanted if wanted != "road" and wanted in self.codes else "province" if "province" in self.codes else next(iter(self.codes))

    def named(self, table: pd.DataFrame) -> list[str]:
        """Return the name of each row's area by ``area_level`` and ``area_code``; empty where none is known."""
        return [self.names.get(str(level), {}).get(str(code), "") for level, code in zip(table["area_level"], table["area_code"], strict=True)]


def areas_of(units: pd.DataFrame) -> Areas:
    """Return communes and provinces of a frame with ``commune_code`` and ``province_code``, and their names where it has them."""
    communes = [str(code) for code in units["commune_code"]]
    provinces = [str(code) for code in units["province_code"]]
    names = {
        level: dict(zip(codes, units[f"{level}_name"].fillna("").astype(str), strict=True))
        for level, codes in (("commune", communes), ("province", provinces)) if f"{level}_name" in units.columns
    }  # fmt: skip
    return Areas(
        {"commune": tuple(sorted(set(communes))), "province": tuple(sorted(set(provinces)))}, dict(zip(communes, provinces, strict=True)), names
    )


def judge(
    frame: pd.DataFrame,
    areas: Areas,
    rules: RuleSet,
    *,
    on: date,
    settings: ServiceSettings,
    evidence: EvidenceSettings,
    declarations: pd.DataFrame | None = None,
    rules_of: date | None = None,
    placed: Mapping[str, _I64] | None = None,
    language: str = "vi",
    operators: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a verdict for each area under each rule that its samples can be held against.

    Parameters
    ----------
    frame : DataFrame
        Samples: :data:`~geo.service_quality.samples.SAMPLE_COLUMNS`, and ``level_dbm`` for samples of signal.
    areas : Areas
    rules : RuleSet
        All versions; each sample is held against those in force on its own day.
    on : date
        The project's: the day of undated samples.
    settings : ServiceSettings
    evidence : EvidenceSettings
    declarations : DataFrame, optional
    rules_of : date, optional
        Hold all samples against the rules of this day instead: an old report made again.
    placed : mapping of str to (n,) int64 array, optional
        Areas of further levels of ``areas`` for each row; -1 for none.
    language : {"vi", "en"}
        Of the names of rules and documents; everything else is codes.
    operators : sequence of str
        The project's: under a rule on each operator those without a sample have their rows too, where others have samples.

    Returns
    -------
    DataFrame
        :data:`STANDARD_COLUMNS` and :data:`JOINT_COLUMNS`, sorted by rule, level, operator, technology, access, source, campaign, area, period.

    Raises
    ------
    InputError
        If a column is missing, or a speed is negative.
    """
    samples = samples_of(frame, areas.codes, areas.province_of, on=on, settings=settings, placed=placed)
    known = rules if rules_of is None else rules.on(rules_of)
    run = _Run(
        samples, areas, settings, replace(evidence, error_share=evidence.error_share / max(settings.looks, 1.0)),
        empty_declarations() if declarations is None else declarations, on, by_day=rules_of is None, language=language,
    )  # fmt: skip
    parts: list[pd.DataFrame] = []
    silent: list[Rule] = []
    for rule in known.rules:
        if rule.statistic == "reported":
            continue
        found = list(run.of_rule(rule))
        current = rule.holds_on(on if rules_of is None else rules_of)
        if found and rule.operator == "each" and current:
            seen = {str(name) for part in found for name in part["operator"].unique()}
            found += [part for name in sorted(set(operators) - seen) for part in run.of_silent(rule, name)]
        parts += found
        if not found and current:
            silent.append(rule)
    # Of a rule whose other version has samples each area has its row already.
    told = {str(part["rule_id"].iloc[0]) for part in parts if len(part)}
    parts += [run.without_samples(rule, areas.level_for("province" if rule.id in told else rule.area_level)) for rule in silent]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in (*STANDARD_COLUMNS, *JOINT_COLUMNS)})
    table = pd.concat(parts, ignore_index=True)
    table["q_value"] = np.nan
    for rows in table.groupby(["rule_id", "area_level"], sort=False).indices.values():
        table.loc[rows, "q_value"] = q_values(table["p_contradicted"].to_numpy(dtype=np.float64)[rows])
    table["tied_with"] = _tied_operators(table)
    table["area_name"] = areas.named(table)
    order = ["rule_id", "area_level", "operator", "technology", "access", "source_kind", "campaign", "area_code", "period"]
    return table.sort_values(order, kind="stable", ignore_index=True)[[*STANDARD_COLUMNS, *JOINT_COLUMNS]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that are taken together, and what they have in common.

    ``again`` are rows left out, whose tests ``rows`` hold already; ``others`` those of days that the rule is not for; ``told`` those of other groups of
    the same time, of which the ``last`` one has a row for every area that none of them has one for.
    """

    rows: _I64
    again: _I64
    others: _I64
    by_operator: bool
    operator: str
    technology: str
    access: str
    source_kind: str
    campaign: str
    by_month: bool
    month: int
    span: int
    aggregate: bool
    last: bool
    told: _I64

    @property
    def operator_untold(self) -> bool:
        """Tell whether samples of a rule on each operator do not say whose they are."""
        return self.by_operator and not self.operator

    @property
    def month_untold(self) -> bool:
        """Tell whether samples of a rule on each month do not say when they were taken."""
        return self.by_month and self.month == NONE


@dataclass(frozen=True, slots=True)
class _Run:
    samples: Samples
    areas: Areas
    settings: ServiceSettings
    evidence: EvidenceSettings
    declarations: pd.DataFrame
    on: date
    by_day: bool
    language: str

    def of_rule(self, rule: Rule) -> Iterator[pd.DataFrame]:
        """Yield the rows of one rule, by group and level."""
        for group in self.groups(rule):
            for level, codes in self.areas.codes.items():
                if level == "road" and rule.indicator.measured != "level_dbm":
                    continue
                yield self.rows(rule, group, level, codes)

    def matching(self, rule: Rule) -> tuple[_I64, _I64]:
        """Return the samples that a rule can be held against, and those that are of days on which this version of it is not in force."""
        s = self.samples
        kept = ~np.isnan(s.values[rule.indicator.measured])
        for name, wanted in (("technology", rule.technologies), ("access", (rule.access,) if rule.access else ())):
            if wanted:
                numbers = [i for i, word in enumerate(s.words[name]) if word in wanted]
                kept &= np.isin(s.codes[name], numbers)
        if "traffic" in s.words["source_kind"] and "traffic" not in rule.source_kinds:
            kept &= s.codes["source_kind"] != s.words["source_kind"].index("traffic")
        if not self.by_day or (rule.valid_from is None and rule.valid_to is None):
            return np.flatnonzero(kept), np.zeros(0, dtype=np.int64)
        first = -1_000_000 if rule.valid_from is None else (rule.valid_from - _EPOCH).days
        last = 1_000_000 if rule.valid_to is None else (rule.valid_to - _EPOCH).days
        now = (s.day >= first) & (s.day <= last)
        return np.flatnonzero(kept & now), np.flatnonzero(kept & ~now)

    def groups(self, rule: Rule) -> list[_Group]:
        """Return the rule's samples in groups; each holds what one figure is taken of."""
        s = self.samples
        rows, others = self.matching(rule)
        if not rows.size:
            return []
        zero = np.zeros(len(rows), dtype=np.int64)
        keys = [
            s.codes["operator"][rows] if rule.operator == "each" else zero,
            s.codes["technology"][rows] if rule.technologies else zero,
            s.codes["access"][rows],
            s.codes["source_kind"][rows],
            s.codes["campaign"][rows] if rule.period == "campaign" else zero,
            s.month[rows] if rule.period == "month" else zero,
            -s.span[rows] if rule.period == "month" else zero,
            s.aggregate[rows].astype(np.int64),
        ]
        number, uniques = pd.factorize(pd.MultiIndex.from_arrays(keys), sort=True)
        order = np.argsort(number, kind="stable")
        parts = np.split(rows[order], np.cumsum(np.bincount(number, minlength=len(uniques)))[:-1])
        groups = []
        for i, (key, part) in enumerate(zip(uniques, parts, strict=True)):
            operator, technology, access, kind, campaign, month, ago, aggregate = (int(k) for k in key)
            # The last of its kind has a row for every area, but where the others of its time, single samples or a longer period, have one.
            last = i + 1 == len(uniques) or tuple(uniques[i + 1])[:5] != tuple(key)[:5]
            of_its_time = [parts[j] for j in range(i) if last and tuple(uniques[j])[:6] == tuple(key)[:6]]
            once = sums_once(s, part, of_the_statistic(rule, self.statistics(part))) if aggregate else np.ones(len(part), dtype=bool)
            groups.append(
                _Group(
                    part[once], part[~once], others[s.codes["operator"][others] == operator] if rule.operator == "each" else others, rule.operator == "each",
                    s.words["operator"][operator] if rule.operator == "each" else "",
                    s.words["technology"][technology] if rule.technologies else "",
                    s.words["access"][access], s.words["source_kind"][kind],
                    s.words["campaign"][campaign] if rule.period == "campaign" else "",
                    rule.period == "month", month if rule.period == "month" else NONE, -ago, bool(aggregate), last,
                    np.concatenate([*of_its_time, zero[:0]]),
                )
            )  # fmt: skip
        return groups

    def statistics(self, rows: _I64) -> npt.NDArray[np.object_]:
        """Return what each row of sums is: a mean, a percentile."""
        return np.array(self.samples.words["statistic"], dtype=object)[self.samples.codes["statistic"][rows]]

    def rows(self, rule: Rule, group: _Group, level: str, codes: Sequence[str]) -> pd.DataFrame:
        """Return one group's rows for the areas of a level."""
        s = self.samples
        inside = group.rows[s.areas[level][group.rows] >= 0]
        asked, held = self.asked(rule, group, inside)
        counted = np.bincount(s.areas[level][inside], minlength=len(codes))
        usable = np.ones(len(inside), dtype=bool)
        for each in (asked, held):
            if each is not None:
                usable &= np.isfinite(each)
        rows = inside[usable]
        area = s.areas[level][rows]
        asked, held = (None if each is None else each[usable] for each in (asked, held))
        value = s.values[rule.indicator.measured][rows]
        if group.aggregate:
            found = figures_of_aggregates(rule, value, area, s.tests[rows], self.statistics(rows), len(codes), asked=asked)
        else:
            tested = figures_of_samples(
                rule, value, area, s.cluster[rows], len(codes), self.evidence, asked=asked, level=held,
                compared=len(s.words["operator"]),
            )  # fmt: skip
            found = agreeing(rule, tested, self.evidence.error_share)
        return self.table(rule, group, level, codes, rows, area, found, counted)

    def asked(self, rule: Rule, group: _Group, rows: _I64) -> tuple[_F64 | None, _F64 | None]:
        """Return what each sample is held against, and the level of shares, where the rule takes them from elsewhere."""
        found: list[_F64 | None] = []
        s = self.samples
        for source in (rule.threshold_from, rule.level_from):
            if not source:
                found.append(None)
            elif source in _PACKAGES:
                package = s.values[_PACKAGES[source]][rows]
                found.append(np.where(package > 0, package, np.nan))
            else:
                out = np.full(len(rows), np.nan)
                span = len(s.words["technology"])
                for pair in np.unique(s.codes["operator"][rows] * span + s.codes["technology"][rows]).tolist():
                    operator, technology = divmod(pair, span)
                    own = (s.codes["operator"][rows] == operator) & (s.codes["technology"][rows] == technology)
                    places = {level: (s.areas[level][rows[own]], self.areas.codes[level]) for level in ("province", "commune") if level in s.areas}
                    out[own] = declared_values(
                        self.declarations, source.removeprefix("declared."), operator=s.words["operator"][operator],
                        technology=s.words["technology"][technology], access=group.access, day=s.day[rows[own]], places=places,
                    )  # fmt: skip
                found.append(np.where(out > 0, out, np.nan))
        return found[0], found[1]

    def table(
        self, rule: Rule, group: _Group, level: str, codes: Sequence[str], rows: _I64, area: _I64, found: Figures, counted: _I64
    ) -> pd.DataFrame:
        """Return the frame of one group at one level."""
        count = len(codes)
        used = np.bincount(area, minlength=count)
        spread = self.spread(rows, area, count, aggregate=group.aggregate)
        reasons = self.reasons(rule, group, level, found, counted, used, spread)
        result = self.result(rule, group, level, found, counted, used)
        decided = ~np.isin(result, ["not_applicable"])
        figures = {name: np.where(decided, getattr(found, name), np.nan) for name in ("low", "high", "joint_low", "joint_high")}
        figures["high"] = np.where(open_above(rule, found, self.settings.open_bound_ratio), np.nan, figures["high"])
        frame = pd.DataFrame(
            {
                **self.common(rule, level, codes, group), **figures, **spread,
                "value": np.where(decided, found.value, np.nan),
                "n": np.where(decided | (found.n > 0), found.n, counted.astype(np.float64)),
                "n_effective": np.where(decided, found.n_effective, np.nan),
                "n_needed": np.where(decided, _still_needed(found), np.nan),
                "threshold": found.threshold, "rule_result": result,
                "evidence": np.where(decided, found.evidence, "not_enough"),
                "p_contradicted": np.where(decided, found.p_contradicted, np.nan),
                "reason": reasons, "unit": np.where(found.several, "ratio", rule.unit), "period": self.periods(group, rows, area, count),
            }
        )  # fmt: skip
        return frame[(counted > 0) | (group.last & ~self.found_in(group.told, level, count))]

    def common(self, rule: Rule, level: str, codes: Sequence[str], group: _Group | None) -> dict[str, object]:
        """Return what all rows of a group at a level have in common."""
        return {
            "area_code": list(codes), "area_level": level, **rule_columns(rule, self.language),
            "operator": "" if group is None else group.operator,
            "technology": "; ".join(rule.technologies) if group is None else group.technology,
            "access": rule.access if group is None else group.access,
            "source_kind": "" if group is None else group.source_kind,
            "campaign": "" if group is None else group.campaign,
        }  # fmt: skip

    def without_samples(self, rule: Rule, level: str, operator: str = "") -> pd.DataFrame:
        """Return rows of a rule that no sample can be held against, one per area of a level: that it was not forgotten."""
        s, others = self.samples, self.matching(rule)[1]
        if operator:
            others = others[np.array([word == operator for word in s.words["operator"]], dtype=bool)[s.codes["operator"][others]]] if others.size else others
        elsewhen = self.found_in(others, level, len(self.areas.codes[level]))
        why = [_joined([name if operator or not _unknown(rule) else "", _unknown(rule), *status_reasons(rule)]) for name in ("no_samples", "samples_of_other_days")]
        numbers = dict.fromkeys(("value", "low", "high", "joint_low", "joint_high", "n_effective", "n_needed", "p_contradicted"), np.nan)
        return pd.DataFrame(
            {
                **self.common(rule, level, self.areas.codes[level], None), **numbers, "n": 0.0,
                "threshold": np.nan if rule.threshold is None else rule.threshold, "rule_result": "not_applicable", "evidence": "not_enough",
                "reason": np.where(elsewhen, why[1], why[0]), "unit": rule.unit, "period": "", "days": 0.0, "hours": 0.0, "places": 0.0, "devices": 0.0,
            }
        )  # fmt: skip

    def of_silent(self, rule: Rule, operator: str) -> Iterator[pd.DataFrame]:
        """Yield the rows of an operator that has no sample anywhere, as an operator has them that has samples elsewhere."""
        for level in self.areas.codes:
            if level != "road":
                result = "not_applicable" if _unknown(rule) else "insufficient_n"
                yield self.without_samples(rule, level, operator).assign(operator=operator, rule_result=result)

    def found_in(self, rows: _I64, level: str, count: int) -> _Bool:
        """Return which areas of a level hold some of the rows."""
        area = self.samples.areas[level][rows] if rows.size else rows
        return np.bincount(area[area >= 0], minlength=count) > 0

    def spread(self, rows: _I64, area: _I64, count: int, *, aggregate: bool) -> dict[str, _F64]:
        """Return over how many days, hours of the day, squares and phones the samples of each area are spread; NaN where none of them tells."""
        s = self.samples
        some = np.bincount(area, minlength=count) > 0
        out = {}
        for name, of in (("days", np.where(s.dated[rows], s.day[rows], NONE)), ("hours", s.hour[rows]), ("places", s.place[rows]), ("devices", s.device[rows])):
            known = of != NONE
            told = np.bincount(different_pairs(area[known], of[known])[0], minlength=count).astype(np.float64)
            out[name] = np.where(some & (told == 0), np.nan, told)
        if aggregate:
            # 0 phones behind an aggregate is "not told": then nobody knows how many there are in all.
            silent = np.bincount(area, s.devices[rows] <= 0, minlength=count) > 0
            out["devices"] = np.where(silent, np.nan, np.bincount(area, s.devices[rows], minlength=count))
        return out

    def reasons(
        self, rule: Rule, group: _Group, level: str, found: Figures, counted: _I64, used: _I64, spread: Mapping[str, _F64]
    ) -> npt.NDArray[np.object_]:
        """Return the codes of what is to be known of each row, joined by "; "."""
        s, count = self.samples, len(counted)
        whole = _unknown(rule)
        aggregate = np.full(count, group.aggregate)
        some, judged = counted > 0, used > 0
        lacking = (counted - used) > 0
        of_package = rule.threshold_from.startswith("package")
        kept = group.rows[s.areas[level][group.rows] >= 0]
        where = s.areas[level][kept]
        telling = judged & ~aggregate
        share_of_one = largest_share(where, s.device[kept], count)
        loose = np.bincount(where, s.loose[kept], minlength=count) > 0
        gap = hour_span(where, s.hour[kept], count)
        elsewhen = self.found_in(group.others, level, count)
        every: list[tuple[str, _Bool]] = [
            ("no_samples", ~some & ~elsewhen),
            ("samples_of_other_days", ~some & elsewhen),
            (whole, some if whole else np.zeros(count, dtype=bool)),
            ("package_missing" if of_package else self.undeclared(group), some & ~judged & (not whole)),
            ("package_missing_for_part" if of_package else "declared_missing_for_part", judged & lacking),
            ("several_packages" if of_package else "several_declared_values", found.several),
            *((code, found.reason == code) for code in ("aggregates_no_mean", "aggregates_no_percentile", "aggregates_no_share")),
            ("aggregates_without_spread", judged & aggregate),
            ("statistic_not_told", judged & aggregate & self.untold(group, level, count)),
            ("fewer_than_the_document_asks", some & (found.n < rule.minimum_n)),
            ("other_area_level", some & (level != rule.area_level)),
            ("other_source_kind", some & bool(rule.source_kinds and group.source_kind not in rule.source_kinds)),
            ("operator_not_told", some & group.operator_untold),
            ("period_longer_than_a_month", some & (group.span > 0)),
            ("month_not_told", some & group.month_untold),
            ("day_not_told", some & (not group.by_month) & (np.bincount(where, ~s.dated[kept], minlength=count) > 0)),
            ("counted_once", some & (periods_of_sums(s, group.again, level, count) > 0)),
            ("periods_pooled", some & group.aggregate & (periods_of_sums(s, group.rows, level, count) > 1)),
            ("period_not_over", some & self.not_over(group, level, count)),
            ("no_campaign", some & (rule.campaign_required and not group.campaign)),
            ("target_not_due", some & (rule.due is not None and self.on < rule.due)),
            *((code, some) for code in status_reasons(rule)),
            ("upper_bound_open", telling & open_above(rule, found, self.settings.open_bound_ratio)),
            ("cannot_be_settled", telling & np.isinf(found.n_needed) & (found.evidence == "not_enough") & (not whole)),
            ("one_phone", telling & (share_of_one > self.settings.most_of_one_phone)),
            ("one_phone_limits", telling & (share_of_one <= self.settings.most_of_one_phone) & (found.evidence == "not_enough") & limited_by_largest(found.n, found.n_effective, share_of_one)),
            ("few_places", telling & (spread["places"] > 0) & (spread["places"] < self.settings.least_places)),
            ("few_days", telling & (found.evidence != "not_enough") & (spread["days"] > 0) & (spread["days"] < self.settings.least_days)),
            ("one_time_of_day", telling & (spread["hours"] > 0) & (gap < self.settings.least_hours)),
            ("samples_hang_together", telling & loose),
            ("phones_not_locked", telling & (np.bincount(where, s.free[kept], minlength=count) > 0)),
        ]  # fmt: skip
        out = np.full(count, "", dtype=object)
        for code, holds in every:
            if code and np.any(holds):
                out = np.where(np.asarray(holds, dtype=bool), np.where(out == "", code, out + ("; " + code)), out)
        return out

    def undeclared(self, group: _Group) -> str:
        """Return why samples have no declared value: nothing was declared, or for areas that nobody can place."""
        d = self.declarations
        placed = {code for codes in self.areas.codes.values() for code in codes}
        own = (d["operator"].astype("str") == group.operator) & d["technology"].astype("str").isin([group.technology, ""])
        named = {code for code in d["service_area_code"].astype("str")[own] if code}
        return "declared_area_unknown" if named and not named & placed else "declared_missing"

    def not_over(self, group: _Group, level: str, count: int) -> _Bool:
        """Return where an aggregate is of a period that ends after the project's day: what it will be nobody knows yet."""
        s = self.samples
        if not group.aggregate:
            return np.zeros(count, dtype=bool)
        rows = group.rows[s.dated[group.rows] & (s.day[group.rows] > (self.on - _EPOCH).days) & (s.areas[level][group.rows] >= 0)]
        return np.bincount(s.areas[level][rows], minlength=count) > 0

    def untold(self, group: _Group, level: str, count: int) -> _Bool:
        """Return where an aggregate does not say what it is."""
        s = self.samples
        if "" not in s.words["statistic"]:
            return np.zeros(count, dtype=bool)
        rows = group.rows[(s.codes["statistic"][group.rows] == s.words["statistic"].index("")) & (s.areas[level][group.rows] >= 0)]
        return np.bincount(s.areas[level][rows], minlength=count) > 0

    def result(self, rule: Rule, group: _Group, level: str, found: Figures, counted: _I64, used: _I64) -> npt.NDArray[np.object_]:
        """Return what the document says of each row."""
        count = len(counted)
        meets = np.array([rule.met_by(v, t) for v, t in zip(found.value, found.threshold, strict=True)], dtype=bool)
        elsewhere = (
            level != rule.area_level
            or bool(rule.source_kinds and group.source_kind not in rule.source_kinds)
            or (rule.campaign_required and not group.campaign)
            or group.operator_untold
            or group.span > 0
            or group.month_untold
            or not rule.confirmed
            or (rule.due is not None and self.on < rule.due)
        )
        indicative = np.full(count, elsewhere) | found.several | (used < counted)
        if group.aggregate:
            indicative = indicative | self.untold(group, level, count) | self.not_over(group, level, count)
        none = np.full(count, bool(_unknown(rule))) | ((counted > 0) & ~np.isfinite(found.value))
        return np.select(
            [none, counted == 0, indicative, found.n < rule.minimum_n, meets],
            ["not_applicable", "insufficient_n", "indicative", "insufficient_n", "meets"],
            "fails",
        ).astype(object)

    def periods(self, group: _Group, rows: _I64, area: _I64, count: int) -> list[str]:
        """Return the month, or from when to when the samples of each area are; of aggregates without the gaps between their periods."""
        if group.month != NONE:
            begins, ends = (np.datetime64(group.month + k, "M").astype("datetime64[D]").astype(date) for k in (-group.span, 1))
            return [period_name(begins, ends - timedelta(days=1))] * count
        s = self.samples
        dated = s.dated[rows]
        if group.aggregate:
            return covered_days(area[dated], s.first[rows][dated], s.day[rows][dated], count)
        first, last = np.full(count, 10**7), np.full(count, -(10**7))
        np.minimum.at(first, area[dated], s.first[rows][dated])
        np.maximum.at(last, area[dated], s.day[rows][dated])
        return ["" if b < a else f"{_EPOCH + timedelta(days=int(a))}/{_EPOCH + timedelta(days=int(b))}" for a, b in zip(first, last, strict=True)]


def _tied_operators(table: pd.DataFrame) -> list[str]:
    """Return for each row the other operators whose figure, in the same place and period, cannot be told apart from its own."""
    out = [""] * len(table)
    bounded = table[np.isfinite(table["joint_low"]) & np.isfinite(table["joint_high"]) & (table["operator"] != "")]
    months = bounded["period"].where(bounded["period"].str.len() == len("2026-01"), "")
    keys = [bounded[name] for name in ("rule_id", "rule_valid_from", "area_level", "area_code", "technology", "access", "source_kind", "campaign", "unit")]
    for rows in bounded.groupby([*keys, months], sort=False).indices.values():
        if len(rows) < 2:
            continue
        own = bounded.iloc[rows]
        low, high, names = own["joint_low"].to_numpy(), own["joint_high"].to_numpy(), own["operator"].to_numpy()
        for i, row in enumerate(own.index):
            near = (low <= high[i]) & (high >= low[i]) & (names != names[i])
            out[row] = "; ".join(sorted(set(names[near])))
    return out


def rule_columns(rule: Rule, language: str) -> dict[str, object]:
    """Return what every row of a rule says of it."""
    return {
        "rule_id": rule.id, "rule_title": rule.shown_title.text(language), "statistic": rule.statistic if rule.percentile is None else f"p{rule.percentile * 100:g}", "basis": rule.stated_basis,
        "status": rule.status, "document": rule.document.text(language), "clause": rule.clause, "indicator": rule.indicator.name, "comparator": rule.comparator,
        "rule_valid_from": "" if rule.valid_from is None else rule.valid_from.isoformat(), "rule_from": f"{rule.origin} (← {rule.replaces})" if rule.replaces else rule.origin,
        "rule_valid_to": "" if rule.valid_to is None else rule.valid_to.isoformat(), "rule_due": "" if rule.due is None else rule.due.isoformat(),
        "rule_area_level": rule.area_level,
        # 0 is "none that is known", never "none needed".
        "n_minimum": float(rule.minimum_n) if rule.minimum_n else np.nan,
    }  # fmt: skip


def _unknown(rule: Rule) -> str:
    """Return why a rule cannot be applied to anything; empty if it can."""
    if rule.statistic.startswith("share_at_") and rule.level is None and not rule.level_from:
        return "no_level_known"
    if rule.threshold is None and not rule.threshold_from:
        return "no_threshold_known"
    return ""


def status_reasons(rule: Rule) -> list[str]:
    """Return the code of why a rule decides nothing; none if it may."""
    return [] if rule.confirmed else ["rule_draft" if rule.status == "draft" else "rule_unverified"]


def _still_needed(found: Figures) -> _F64:
    """Return the samples in all that would settle what is not settled yet; NaN where it is settled, not told, or cannot be.

    The number of :mod:`geo.standards` is a plan's: with the wanted chance a truth as seen is decided by then. Samples may decide earlier, and may be
    unlucky and not have decided by then: then at least one more is needed.
    """
    still = np.isfinite(found.n_needed) & (found.evidence == "not_enough")
    return np.where(still, np.maximum(found.n_needed, found.n + 1.0), np.nan)


def _joined(codes: Sequence[str]) -> str:
    return "; ".join(code for code in codes if code)
