"""Settings of the analysis stages: what ships with the package, the rules of the date, the project's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from geo.calibration import CalibrationSettings, calibration_settings
from geo.coverage import TECHNOLOGIES, CoverageSettings, coverage_settings, technology_rules
from geo.dead_zones import DeadZoneSettings, PrioritySettings, dead_zone_settings, priority_settings
from geo.errors import Bilingual, InputError, ProjectFileError
from geo.fusion import FusionSettings, fusion_settings
from geo.io.resources import load_toml, resource_names
from geo.io.rules import read_rules
from geo.ipv6 import AskingSettings, asking_settings
from geo.numbers import vietnamese
from geo.planning.proposal_settings import (
    CandidateSettings,
    ObjectiveSettings,
    candidate_settings,
    objective_settings,
)
from geo.planning.rules import MastRules, PlanSettings, mast_rules, plan_settings
from geo.planning.undergrounding_settings import UndergroundingSettings, undergrounding_settings
from geo.project import Project
from geo.propagation.ground import EndLoss, GroundSettings, check_ground, ground_settings
from geo.propagation.p2109 import BuildingKind
from geo.rules import Rule, RuleSet
from geo.sampling import SamplingSettings, sampling_settings
from geo.service_quality import ServiceSettings, service_settings
from geo.standards import EvidenceSettings, evidence_settings
from geo.villages import VillageSettings, village_settings

__all__ = ["AnalysisSettings", "analysis_settings", "settings_refusal"]

_FLAGS = ("unknown_status_serves", "clutter_in_profile")
_SHARES = (
    "served_probability",
    "unserved_probability",
    "urban_built_share",
    "suburban_built_share",
    "area_known_share",
)
_NOT_SETTABLE = ("counting",)


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """What the stages after reading are told.

    Attributes
    ----------
    coverage : CoverageSettings
    villages : VillageSettings
    ground : GroundSettings
    calibration : CalibrationSettings
    fusion : FusionSettings
    zones : DeadZoneSettings
    priorities : PrioritySettings
    rules : tuple of mapping
        Entries of the rule catalogue that were used, as they stand there.
    ended : tuple of mapping
        Those by which a technology counted until before the project's date.
    standards : RuleSet
        What areas are held against, every version; the department's own laid over the catalogue's.
    service : ServiceSettings
    evidence : EvidenceSettings
    asking : AskingSettings
        How portals are asked about over IPv6.
    ask_portals : bool
        Whether the project wants the network to be asked at all.
    plan : PlanSettings
    mast_rules : MastRules
    candidates : CandidateSettings
        Where sites may be proposed.
    objective : ObjectiveSettings
        What they are worth, and what there is to spend.
    sampling : SamplingSettings
        How measuring trips are planned.
    undergrounding : UndergroundingSettings
        By what streets are ranked, and what there is to spend.
    """

    coverage: CoverageSettings
    villages: VillageSettings
    ground: GroundSettings
    calibration: CalibrationSettings
    fusion: FusionSettings
    zones: DeadZoneSettings
    priorities: PrioritySettings
    rules: tuple[Mapping[str, Any], ...]
    ended: tuple[Mapping[str, Any], ...] = ()
    standards: RuleSet = field(default_factory=lambda: RuleSet(()))
    service: ServiceSettings = field(default_factory=service_settings)
    evidence: EvidenceSettings = field(default_factory=evidence_settings)

    @staticmethod
    def only(rules: Sequence[Rule]) -> RuleSet:
        """Return some rules as a set."""
        return RuleSet(tuple(rules))
    asking: AskingSettings = field(default_factory=asking_settings)
    ask_portals: bool = False
    plan: PlanSettings = field(default_factory=lambda: plan_settings({}))
    mast_rules: MastRules = field(default_factory=lambda: mast_rules({}, {}))
    candidates: CandidateSettings = field(default_factory=lambda: candidate_settings({}))
    objective: ObjectiveSettings = field(default_factory=lambda: objective_settings({}))
    sampling: SamplingSettings = field(default_factory=sampling_settings)
    undergrounding: UndergroundingSettings = field(default_factory=lambda: undergrounding_settings({}))


#: Units of which there is at least one, and settings without a unit that are such counts too.
_COUNTS = frozenset({"observations", "pairs", "classes", "rounds", "blocks", "sweeps", "draws", "samples", "nodes", "values", "cells", "steps", "places", "folds", "times", "neighbours"})
_ALSO_COUNTS = frozenset({"max_steps", "score_folds", "degrees"})
_LENGTHS = frozenset({"m", "km", "s", "km/h", "GHz", "m/dB"})


def analysis_settings(project: Project) -> AnalysisSettings:
    """Return the settings that a project's ``[settings]``, rules and date make.

    Raises
    ------
    ProjectFileError
        If the rule catalogue does not exist, a setting is not known, its value is not allowed, or
        two settings exclude each other.
    """
    catalogues = [name.removeprefix("rules/").removesuffix(".toml") for name in resource_names("rules")]
    if project.rules_catalogue not in catalogues:
        raise ProjectFileError(
            f"rules.catalogue = '{project.rules_catalogue}': không có danh mục này; các danh mục: {', '.join(catalogues)}.",
            f"rules.catalogue = '{project.rules_catalogue}': there is no such catalogue; catalogues: {', '.join(catalogues)}.",
        )
    rules = technology_rules(project.rules_catalogue, project.date)
    for_coverage = [f.name for f in fields(CoverageSettings) if f.name not in _NOT_SETTABLE]
    for_villages = [f.name for f in fields(VillageSettings)]
    for_ground = [f.name for f in fields(GroundSettings)]
    coverage: dict[str, Any] = {}
    ground: dict[str, Any] = {}
    villages: dict[str, float] = {}
    of_calibration = [f.name for f in fields(CalibrationSettings)]
    of_fusion = [f.name for f in fields(FusionSettings)]
    calibration: dict[str, Any] = {}
    fusion: dict[str, Any] = {}
    of_zones, of_priority = [f.name for f in fields(DeadZoneSettings)], [f.name for f in fields(PrioritySettings)]
    zones: dict[str, Any] = {}
    priorities: dict[str, Any] = {}
    of_service, of_evidence = [f.name for f in fields(ServiceSettings)], [f.name for f in fields(EvidenceSettings)]
    service: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    asking, ask_portals = asking_settings(), False
    sampling = sampling_settings()
    for name, value in project.analysis.items():
        if name == "ipv6":
            asking, ask_portals = _asking(value)
        elif name == "sampling":
            sampling = sampling_settings(value)  # type: ignore[arg-type]
        elif name in for_coverage:
            coverage[name] = _absent(project, value) if name == "absent_technologies" else _checked(name, value)
        elif name in for_ground:
            ground[name] = _checked(name, value)
        elif name in for_villages:
            villages[name] = _number(name, value)
        elif name in of_calibration:
            calibration[name] = _in_range(name, _measured(name, value), "calibration")
        elif name in of_fusion:
            fusion[name] = _in_range(name, _like(name, value, getattr(fusion_settings(), name)), "fusion")
        elif name in of_zones:
            zones[name] = _in_range(name, _like(name, value, getattr(dead_zone_settings(), name)), "dead_zones")
        elif name in of_priority:
            priorities[name] = _kinds(name, value) if name == "facility_kinds" else _like(name, value, 0.0)
        elif name in of_service:
            service[name] = _in_range(name, _number(name, value), "service_quality")
        elif name in of_evidence:
            evidence[name] = _in_range(name, _number(name, value), "evidence")
        else:
            near = difflib.get_close_matches(
                name, [*for_coverage, *for_ground, *for_villages, *of_calibration, *of_fusion, *of_zones, *of_priority, *of_service, *of_evidence], n=1
            )
            raise ProjectFileError(
                f"[settings] không có mục '{name}'" + (f"; có phải '{near[0]}'?" if near else "."),
                f"[settings] has no entry '{name}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    settings = coverage_settings(rules, **coverage)
    if not settings.unserved_probability < settings.served_probability:
        raise ProjectFileError(
            "[settings] unserved_probability phải nhỏ hơn served_probability.",
            "[settings] unserved_probability must be below served_probability.",
        )
    drawn, least = fusion_settings(**fusion).draws, dead_zone_settings(**zones).least_draws
    if drawn < least:
        raise _wrong(
            "draws", drawn, f"cần ít nhất {vietnamese(least)} mẫu rút (least_draws) để nêu khoảng số dân", f"at least {least:g} draws (least_draws) are needed to state intervals of people"
        )
    zone = dead_zone_settings(**zones)
    if not zone.low_quantile < zone.high_quantile:
        raise _wrong("low_quantile", zone.low_quantile, "phải nhỏ hơn high_quantile", "it must be below high_quantile")
    fusion.setdefault("fallback_sd_db", settings.model_error_sd_db)
    return AnalysisSettings(
        settings,
        village_settings(**villages),
        _ground(project, ground),
        calibration_settings(**calibration),
        fusion_settings(**fusion),
        dead_zone_settings(**zones),
        priority_settings(**priorities),
        rules.entries,
        rules.ended,
        read_rules(project.rules_catalogue, project.extra, "" if project.extra_path is None else project.extra_path.name),
        service_settings(**service),
        evidence_settings(**evidence),
        asking,
        ask_portals,
        plan=plan_settings(project.plan),
        mast_rules=mast_rules(project.plan, project.extra),
        candidates=candidate_settings(project.plan),
        objective=objective_settings(project.plan),
        sampling=sampling,
        undergrounding=undergrounding_settings(project.plan),
    )


def settings_refusal(project: Project) -> Bilingual | None:
    """Return why an analysis would refuse the project's settings over its inputs; None if it would not."""
    try:
        analysis_settings(project)
    except ProjectFileError as error:
        return error.message
    return None


def _ground(project: Project, given: Mapping[str, Any]) -> GroundSettings:
    """Return the ground's settings, checked against the inputs that the project names."""
    settings = ground_settings(**given)
    if not settings.suburban_built_share < settings.urban_built_share:
        raise ProjectFileError(
            "[settings] suburban_built_share phải nhỏ hơn urban_built_share.",
            "[settings] suburban_built_share must be below urban_built_share.",
        )
    terrain, land_cover = project.inputs.get("terrain", ()), bool(project.inputs.get("land_cover"))
    kind = terrain[0].get("kind") if terrain else None
    if given.get("clutter_in_profile") is True and kind == "ground" and not land_cover:
        raise ProjectFileError(
            "[settings] clutter_in_profile = true cần lớp phủ để biết độ cao cây và nhà; hãy thêm land_cover vào [inputs] "
            "hoặc bỏ dòng này.",
            "[settings] clutter_in_profile = true needs land cover to know the heights of trees and houses; add land_cover "
            "to [inputs] or drop this line.",
        )
    check_ground(
        settings,
        kind="ground" if kind == "ground" else "surface" if kind == "surface" else None,
        land_cover=land_cover,
    )
    return settings


def _asking(value: object) -> tuple[AskingSettings, bool]:
    """Return how portals are asked about, and whether they are, from the table ``[settings.ipv6]``."""
    if not isinstance(value, Mapping):
        raise _wrong("ipv6", value, "cần bảng [settings.ipv6], ví dụ ask = true", "a table [settings.ipv6] is needed, such as ask = true")
    known = [f.name for f in fields(AskingSettings)]
    for name in value:
        if name not in {*known, "ask"}:
            near = difflib.get_close_matches(str(name), [*known, "ask"], n=1)
            raise ProjectFileError(
                f"[settings.ipv6] không có mục '{name}'" + (f"; có phải '{near[0]}'?" if near else "."),
                f"[settings.ipv6] has no entry '{name}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    ask = value.get("ask", False)
    if not isinstance(ask, bool):
        raise ProjectFileError(f"[settings.ipv6] ask = {ask}: chỉ true hoặc false.", f"[settings.ipv6] ask = {ask}: true or false.")
    try:
        return asking_settings(**{str(name): given for name, given in value.items() if name != "ask"}), ask
    except InputError as error:
        raise ProjectFileError(error.message.vi, error.message.en) from error


def _wrong(name: str, value: object, vi: str, en: str) -> ProjectFileError:
    return ProjectFileError(f"[settings] {name} = {value}: {vi}.", f"[settings] {name} = {value}: {en}.")


def _number(name: str, value: object, *, largest: float = 1e9, positive: bool = True) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= largest:
        raise _wrong(name, value, "cần một số", "a number is needed")
    if positive and not value > 0:
        raise _wrong(name, value, "cần số lớn hơn 0", "a number above 0 is needed")
    return float(value)


def _measured(name: str, value: object) -> Any:
    """Return a setting of the calibration: levels may be negative and some may be 0."""
    if name == "free_technologies":
        if not isinstance(value, list) or not all(isinstance(t, str) and t in TECHNOLOGIES for t in value):
            allowed = ", ".join(TECHNOLOGIES)
            raise _wrong(name, value, f"cần danh sách trong {allowed}", f"a list of {allowed} is needed")
        return tuple(t for t in TECHNOLOGIES if t in value)
    return _number(name, value, positive=not name.endswith(("_dbm", "_loss_db", "_sd_db", "_share", "_correlation")))


def _in_range(name: str, value: Any, section: str) -> Any:
    """Return a setting whose number is one of its unit: shares within 0 and 1, counts of at least 1, levels of a phone, lengths above 0."""
    entry = load_toml("defaults.toml")[section].get(name, {})
    default, unit = entry.get("value"), entry.get("unit", "")
    if isinstance(value, bool | tuple) or isinstance(default, bool) or default is None or name == "seed":
        return value
    share = unit == "share" or name.endswith(("_quantile", "_correlation", "_probability"))
    count = unit in _COUNTS or name in _ALSO_COUNTS
    if share:
        low, high = 0.0, 1.0
    elif count:
        low, high = 1.0, 1e9
    elif unit == "dBm":
        low, high = -200.0, 0.0
    elif unit in _LENGTHS and default > 0:
        low, high = 1e-9, 1e9
    else:
        low, high = 0.0, 1e9
    if not low <= value <= high:
        allowed = (
            (f"từ {vietnamese(low)} đến {vietnamese(high)}", f"from {low:g} to {high:g}") if high < 1e9
            else ("ít nhất 1", "at least 1") if count
            else ("lớn hơn 0", "above 0") if low > 0
            else ("không âm", "not negative")
        )  # fmt: skip
        raise _wrong(name, value, f"cần số {allowed[0]}", f"a number {allowed[1]} is needed")
    return value


def _kinds(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, value, "cần danh sách chữ trong nháy", "a list of texts in quotes is needed")
    return tuple(value)


def _like(name: str, value: object, default: object) -> Any:
    """Return a number of the default's kind."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _wrong(name, value, "chỉ true hoặc false", "true or false")
        return value
    number = _number(name, value, positive=False)
    if number < 0:
        raise _wrong(name, value, "cần số không âm", "a number that is not negative is needed")
    if isinstance(default, int):
        if number != int(number):
            raise _wrong(name, value, "cần số nguyên", "a whole number is needed")
        return int(number)
    return number


def _absent(project: Project, value: object) -> dict[str, tuple[str, ...]]:
    """Return technologies that operators of the project are stated not to have."""
    name = "absent_technologies"
    if not isinstance(value, Mapping) or not all(isinstance(listed, list) for listed in value.values()):
        raise _wrong(name, value, 'cần bảng như { "Viettel" = ["5G"] }', 'a table such as { "Viettel" = ["5G"] } is needed')
    for operator, listed in value.items():
        if operator not in project.operators:
            known = ", ".join(project.operators) or "—"
            raise _wrong(
                name,
                operator,
                f"không có trong [project] operators ({known}); hãy ghi đúng như ở đó",
                f"not among [project] operators ({known}); write it as it stands there",
            )
        for technology in listed:
            if technology not in TECHNOLOGIES:
                allowed = ", ".join(TECHNOLOGIES)
                raise _wrong(
                    name, technology, f"không có công nghệ này; chỉ {allowed}", f"no such technology; allowed: {allowed}"
                )
    return {operator: tuple(t for t in TECHNOLOGIES if t in listed) for operator, listed in sorted(value.items())}


def _checked(name: str, value: object) -> Any:
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise _wrong(name, value, "chỉ true hoặc false", "true or false")
        return value
    if name in _SHARES:
        return _number(name, value, largest=1.0)
    if name == "end_loss":
        if value not in get_args(EndLoss):
            raise _wrong(name, value, 'chỉ "none" hoặc "p2108"', '"none" or "p2108"')
        return value
    if name == "building_kind":
        if value not in get_args(BuildingKind):
            raise _wrong(
                name,
                value,
                'chỉ "traditional" hoặc "thermally_efficient"',
                '"traditional" or "thermally_efficient"',
            )
        return value
    if name == "neighbour_operators":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(
                name, value, "cần danh sách tên nhà mạng trong nháy", "a list of operators' names in quotes"
            )
        return frozenset(value)
    if name == "levels_dbm":
        if not isinstance(value, Mapping) or not set(value) <= set(TECHNOLOGIES):
            raise _wrong(name, value, 'cần bảng như { "5G" = -110 }', 'a table such as { "5G" = -110 }')
        return {key: _number(name, level, largest=200.0, positive=False) for key, level in value.items()}
    number = _number(name, value)
    if name == "tile_cells":
        if number != int(number):
            raise _wrong(name, value, "cần số nguyên", "a whole number is needed")
        return int(number)
    return number
