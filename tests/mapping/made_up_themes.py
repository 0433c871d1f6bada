"""Made-up themes for the map's tests: verdicts and IPv6 of a few communes, a plan, what it leaves, clusters, masts."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.io.resources import load_toml
from geo.mapping import ThemeLayer
from geo.mapping.themes import MAST_COLUMNS

RULES = {"speed": Bilingual("Tốc độ tải xuống", "Download speed"), "villages": Bilingual("Thôn có băng rộng", "Villages with broadband"), "silent": Bilingual("Chưa ai đo", "Nobody measured")}


def _columns(file: str, table: str) -> list[str]:
    return list(load_toml(f"results/{file}.toml")[table]["columns"])


def _frame(columns: list[str] | tuple[str, ...], rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([{**dict.fromkeys(columns), **row} for row in rows], columns=list(columns)).astype(object)


def verdicts(communes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Two operators in five communes, one of them with two periods; a rule counted per commune; one that nobody reported; a road."""
    rows = []
    results = (("meets", "supported"), ("fails", "contradicted"), ("insufficient_n", "supported"), ("indicative", "contradicted"), ("not_applicable", "not_enough"))
    given = {"unit": "Mbit/s", "statistic": "mean", "comparator": ">=", "threshold": 40.0, "basis": "legal", "document": "QCVN Giả 1", "clause": "2.1", "source_kind": "drive_test",
             "area_level": "commune", "access": "mobile", "rule_id": "speed", "rule_title": "Tốc độ tải xuống", "indicator": "download", "status": "in force"}  # fmt: skip
    for k, operator in enumerate(("Mạng Đỏ", "Mạng Xanh")):
        for i, (result, evidence) in enumerate(results):
            value = None if result == "not_applicable" else 30.5 + 10 * i + k
            rows.append({**given, "area_code": communes["commune_code"][i], "operator": operator, "technology": "4G", "period": "2026-08-01/2026-08-31", "value": value,
                         "low": 20.25 if i < 2 else None, "high": 60.75 if i < 2 else None, "n": 10 + i, "rule_result": result, "evidence": evidence, "reason": "one_phone"})  # fmt: skip
        rows.append({**rows[-5], "period": "2026-09-01/2026-09-30", "rule_result": "fails", "evidence": "not_enough", "value": 12.5, "low": None, "high": None})
    counted = {**given, "rule_id": "villages", "rule_title": "Thôn có băng rộng", "indicator": "villages_mobile_broadband", "unit": "share", "statistic": "reported", "threshold": 0.8,
               "basis": "scorecard", "source_kind": "operator_report", "rule_result": "meets", "evidence": "supported", "n": 4}  # fmt: skip
    rows += [{**counted, "area_code": code, "value": 0.875} for code in communes["commune_code"][:3]]
    rows.append({**counted, "area_code": "99", "area_level": "province", "value": 0.9})
    rows.append({**counted, "area_code": "99", "area_level": "province", "rule_id": "silent", "value": None, "rule_result": "not_applicable", "evidence": "not_enough", "basis": "target"})
    rows.append({**given, "area_code": "R1", "area_level": "road", "operator": "Mạng Đỏ", "value": 1.0, "rule_result": "fails", "evidence": "not_enough", "n": 3})
    return _frame(_columns("standards", "standards"), rows)


def make_themes(communes: gpd.GeoDataFrame, villages: pd.DataFrame, sites: pd.DataFrame, zone: str) -> tuple[ThemeLayer, ...]:
    """Return one theme of each kind; ``zone`` is the id of a dead zone."""
    code, name = communes["commune_code"], communes["commune_name"]
    ipv6 = [
        {"area_code": code[i], "area_level": "commune", "area_name": name[i], "source_kind": "tests", "operator": operator, "access": "mobile", "period": "2026-10", "capable_share": share,
         "capable_low": 0.01, "capable_high": 0.99, "capable_n": 40 + i, "portals_ready_share": None if i else 1.0, "portals_ready_n": None if i else 2}
        for operator in ("", "Mạng Đỏ") for i, share in enumerate((0.1, 0.2, 0.55, 0.8, None))
    ]  # fmt: skip
    plans = [
        ("class_not_allowed", {"class_allowed": False, "spacing_ok": True}), ("too_near", {"class_allowed": True, "spacing_ok": False}),
        ("must_share", {"class_allowed": True, "must_share_with": "S005"}), ("already_there", {"action": "share", "remark": "already_there; nobody_new"}),
        ("open", {"class_allowed": True}), ("no_new_mast", {"action": "upgrade"}), ("in_order", {"class_allowed": True, "spacing_ok": True}), ("open", {"lon": None, "lat": None}),
    ]  # fmt: skip
    place = communes.geometry.representative_point()
    lines = [
        {"line_id": f"DK-{i}", "operator": ("Mạng Đỏ", "Mạng Xanh")[i % 2], "year": 2027 + i // 4, "action": "build", "lon": round(place[i].x + 0.0041, 6), "lat": round(place[i].y + 0.0037, 6),
         "commune_code": code[i], "technologies": "4G", "population_gained": 1234 + i, "village_ids_gained": villages["village_id"][0], "dead_zones_served": zone, **said}
        for i, (_, said) in enumerate(plans)
    ]  # fmt: skip
    left = [
        {"remainder_id": zone if i == 1 else villages["village_id"][i], "kind": "dead_zone" if i == 1 else "village", "name": f"Còn lại {i}", "commune_code": code[0], "class": "white",
         "state_after": "unserved", "lon": 105.31 + i / 50, "lat": 22.21, "population": 50 + i, "population_left": 40 + i, "proposed_to": to, "operator": "Mạng Đỏ" if i else None}
        for i, to in enumerate(("operator", "public_utility", "budget"))
    ]  # fmt: skip
    clusters = [
        {"cluster_id": f"CUM-{i}", "site_ids": "; ".join(sites["site_id"][2 * i : 2 * i + 2]), "operators": "Mạng Đỏ; Mạng Xanh", "distance_m": 41.3, "masts": 2, "masts_saved": i,
         "commune_code": code[i], "lon": 105.4 + i / 10, "lat": 22.3, "proven": True}
        for i in range(2)
    ]  # fmt: skip
    masts = [
        {"mast_id": f"COT-{i}", "mast_name": f"Cột {i}", "owner": ("Công ty Giả", "Mạng Đỏ", None)[i % 3], "users": "Mạng Đỏ; Mạng Xanh", "mast_class": kind, "planned": i > 2,
         "height_m": 30.0 + i, "shareable": i % 2 == 0, "commune_code": code[i], "lon": 105.3 + i / 40, "lat": 22.12, "file": "masts.xlsx", "row": 2 + i}
        for i, kind in enumerate(("A1a", "A2b", None, "A2b", "A2c"))
    ]  # fmt: skip
    planned = [
        {"rank": i + 1, "year": year, "action": action, "source": source, "funding": "operator" if source == "operator_plan" else "budget", "site_id": f"VT-{i}", "commune_code": code[i % 5],
         "lon": None if i == 4 else round(place[i % 5].x - 0.0061, 6), "lat": None if i == 4 else round(place[i % 5].y - 0.0053, 6), "operators": "Mạng Đỏ; Mạng Xanh",
         "population_gained": None if i == 3 else 1000 + 111 * i, "villages_gained": i, "population_gained_certain": None if i == 3 else 100 * i,
         "population_gained_uncertain": None if i == 3 else 1000 + 11 * i, "villages_gained_certain": 0, "villages_gained_uncertain": i, "measure_first": True,
         "cost_vnd": None if source == "operator_plan" else 900_000_000 + i, "reason": f"Lý do giả {i}",
         "mast_class": "A2b", "population_first_operator": None if source == "operator_plan" or i == 3 else 1000 + 111 * i, "kept_share": None if source == "operator_plan" else 0.8,
         "kept_share_draws": None if source == "operator_plan" else 0.0, "village_ids_gained": None if source == "operator_plan" else villages["village_id"][i]}
        for i, (year, action, source) in enumerate(
            ((2027, "build", "operator_plan"), (2027, "share", "proposed"), (2028, "upgrade", "proposed"), (2029, "build", "proposed"), (2029, "build", "proposed"), (None, "build", "operator_plan"))
        )
    ]  # fmt: skip
    stops = [
        {"stop": stop, "day": day, "area_code": code[stop or 0], "village_id": villages["village_id"][stop] if stop else None, "road_id": None if stop else "QL-0", "operator": operator,
         "technology": "4G", "lon": round(105.3 + (stop or 4) / 25, 6), "lat": 22.17, "tests_needed": 6, "expected_change": 0.25, "km": 12.5 if first else 0.0,
         "instruction": f"Đo giả {operator}"}
        for stop, day, operator, first in ((1, 1, "Mạng Đỏ", True), (1, 1, "Mạng Xanh", False), (2, 1, "Mạng Đỏ", True), (3, 2, "Mạng Xanh", True), (None, 1, "Mạng Đỏ", False))
    ]  # fmt: skip
    ways = gpd.GeoDataFrame(
        {"day": [1, 2]}, geometry=[shapely.LineString([(105.3, 22.1), (105.34, 22.17), (105.38, 22.17)]), shapely.LineString([(105.3, 22.1), (105.42, 22.17)])], crs=4326
    )
    streets, projects, drawn, joined = make_streets(communes)
    return (
        ThemeLayer("verdict", verdicts(communes), {"rule_id": RULES, "rule_title": {rule.vi: rule for rule in RULES.values()}}), ThemeLayer("ipv6", _frame(_columns("ipv6", "ipv6"), ipv6)),
        ThemeLayer("plan", _frame(_columns("planning", "operator_plans"), lines)),
        ThemeLayer("proposal", _frame([*_columns("proposals", "sites_planned"), "village_ids_gained", "population_first_operator", "kept_share", "kept_share_draws"], planned), {"reason": {f"Lý do giả {i}": Bilingual(f"Lý do giả {i}", f"Made-up reason {i}") for i in range(6)}}), ThemeLayer("remainder", _frame(_columns("planning", "unserved_after_plans"), left)),
        ThemeLayer("sharing", _frame(_columns("planning", "sharing"), clusters)), ThemeLayer("mast", _frame(MAST_COLUMNS, masts)),
        ThemeLayer("stop", _frame(_columns("columns", "measurements_planned"), stops), ways=ways),
        ThemeLayer("street", streets, {"project_id": {"NH001": Bilingual("NH001: Phố Giả 0", "NH001: Phố Giả 0")}}, lines=drawn), ThemeLayer("street_project", projects, lines=joined),
    )  # fmt: skip


def make_streets(communes: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoSeries, gpd.GeoSeries]:
    """Return six sections, two projects of them and their lines: two sections of a project in 2027, one tidied in 2028, one that waits, one without cable, one that nobody knows of."""
    code, place = communes["commune_code"], communes.geometry.representative_point()
    said = [
        {"action": "underground", "year": 2027, "project_id": "NH001", "cables": 3, "cables_least": 3, "cable_km": 0.75, "cost_vnd": 3_000_000_001, "operators": "Mạng Đỏ; Mạng Xanh"},
        {"action": "underground", "year": 2027, "project_id": "NH001", "cables": 2, "cables_least": 2, "cable_km": 0.5, "cost_vnd": 2_000_000_000, "remark": "by_name"},
        {"action": "tidy", "year": 2028, "project_id": "NH002", "cables": 2, "cables_least": 2, "cable_km": None, "cost_vnd": 40_000_000, "remark": "no_money_left; cable_length_unknown"},
        {"project_id": "NH002", "cables": None, "cables_least": 1, "remark": "no_money_left; tidying_no_money"},
        {"cables": 0, "cables_least": 0, "remark": "no_cable_listed"},
        {"cables": None, "cables_least": 0, "remark": "cable_unknown", "unknown": "cables; operators", "works_year": 2031},
    ]  # fmt: skip
    rows = [
        {"rank": i + 1, "section_id": f"P{i}", "street_name": None if i == 4 else f"Phố Giả {i // 2}", "commune_code": code[0], "length_km": 0.123 * (i + 1), "score": 0.9 - i / 10,
         "lon": round(place[0].x, 6), "lat": round(place[0].y + i / 1000, 6), **one} for i, one in enumerate(said)
    ]  # fmt: skip
    lines = [None if i == 3 else shapely.LineString([(place[0].x - 0.002, place[0].y + i / 500), (place[0].x, place[0].y + i / 500), (place[0].x + 0.002, place[0].y + i / 450)]) for i in range(6)]
    projects = [
        {"project_id": "NH001", "streets": "Phố Giả 0", "section_ids": "P0; P1", "commune_codes": code[0], "sections": 2, "length_km": 0.369, "cable_km": 1.25, "year": 2027, "cost_vnd": 5_000_000_001},
        {"project_id": "NH002", "streets": None, "section_ids": "P2; P3", "commune_codes": f"{code[0]}; {code[1]}", "sections": 2, "length_km": 0.861, "remark": "no_money_left"},
    ]  # fmt: skip
    joined = [shapely.MultiLineString(lines[:2]), lines[2]]
    return (
        _frame(_columns("undergrounding", "undergrounding"), rows), _frame(_columns("undergrounding", "undergrounding_projects"), projects),
        gpd.GeoSeries(lines, crs=4326), gpd.GeoSeries(joined, crs=4326),
    )  # fmt: skip


def make_street_years() -> pd.DataFrame:
    """Return today and two years; nobody knows what the second costs."""
    rows = [
        {"underground_km": 0.4, "hung_km": 3.1, "underground_share": 0.1143, "target_share": 0.2, "km_to_target": 0.3},
        {"year": 2027, "projects": 1, "sections": 2, "length_km": 0.369, "cable_km": 1.25, "sections_tidied": 0, "tidied_km": 0.0, "cost_vnd": 5_000_000_001, "budget_vnd": 6_000_000_000,
         "underground_share": 0.4714, "path_share": 0.15, "target_share": 0.2, "km_to_target": 0.0},
        {"year": 2028, "projects": 0, "sections": 0, "length_km": 0.0, "cable_km": 0.0, "sections_tidied": 1, "cost_vnd": None, "underground_share": 0.4714, "path_share": 0.17, "target_share": 0.2},
    ]  # fmt: skip
    return _frame(_columns("undergrounding", "undergrounding_years"), rows)


#: Where each line of :func:`make_themes` stands, as a person reads its verdicts.
STANDING = ("class_not_allowed", "too_near", "must_share", "already_there", "open", "no_new_mast", "in_order", "open")
