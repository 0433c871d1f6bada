"""Streets ranked, grouped and paid for: a cross of four streets by hand, and what no plan may do whatever the streets are."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import to_wgs84
from geo.errors import ProjectFileError
from geo.io.norms import Norm, Norms
from geo.planning.streets import hung_cable, route_parts
from geo.planning.undergrounding import Stock, plan_undergrounding, scored, section_ids
from geo.planning.undergrounding_settings import undergrounding_settings

NORMS = Norms("n.toml", (Norm("underground", "", "", 2_000_000_000, 3_000_000_001, 4_000_000_000, "km", "made up", 2026), Norm("tidy", "", "", 10_000_000, 20_000_000, 30_000_000, "km", "made up", 2026)))
EPSG = 32648
X0, Y0 = 500_000.0, 2_430_000.0


def line(*points: tuple[float, float]) -> shapely.LineString:
    x, y = np.array(points, dtype=float).T
    lon, lat = to_wgs84(x + X0, y + Y0, EPSG)
    return shapely.LineString(np.column_stack([lon, lat]))


#: Two streets that cross, one that goes on from the first, one 2 km away.
LINES = [line((0, 0), (1000, 0)), line((500, -500), (500, 500)), line((1010, 0), (2010, 0)), line((0, 2000), (1000, 2000))]
NAMES = ["Phố Một", "Phố Hai", "Phố Ba", "Phố Bốn"]


def streets(**columns: object) -> gpd.GeoDataFrame:
    n = len(LINES)
    frame = pd.DataFrame({"section_id": [f"P{i + 1}" for i in range(n)], "road_name": NAMES, "commune_code": "99001", "length_km": 1.0, "works_year": np.nan})
    for name in ("centre_street", "upgraded", "road_works", "heritage"):
        frame[name] = pd.Series([False] * n, dtype="boolean")
    frame = frame.assign(cables=3.0, cables_least=3.0, operators="A", operators_n=1.0, cable_km=2.0, by_name=False, tidied=pd.Series([False] * n, dtype="boolean"))
    for name, values in columns.items():
        frame[name] = pd.Series(values, dtype=frame[name].dtype)
    return gpd.GeoDataFrame(frame, geometry=LINES, crs=4326)


def cables(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    usual = {"operator": "A", "street": "", "commune_code": "99001", "length_km": 1.0, "cables": 1.0, "tidied": False, "planned": False, "geometry": None}
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


TODAY = Stock(90.0, 10.0, 0)


def plan(frame: gpd.GeoDataFrame, stock: Stock = TODAY, norms: Norms | None = NORMS, years: object = (2027, 2028), **table: object):
    return plan_undergrounding(frame, undergrounding_settings({"years": list(years), "undergrounding": table}), stock=stock, target_share=0.2, this_year=2026, norms=norms)  # type: ignore[call-overload]


def test_a_cable_lies_where_it_is_drawn_or_named() -> None:
    drawn = line((0, 8), (1000, 8))  # 8 m beside the first street; crosses the second
    hung = cables({"geometry": drawn}, {"street": "phố hai; Phố Ba", "length_km": 3.0}, {"street": "Phố Chưa Có"}, {"street": "Phố Bốn", "geometry": line((0, 0), (1000, 0))})
    parts = route_parts(streets(), hung, undergrounding_settings({}))
    found = {(int(s), int(r)): (round(float(k), 3), bool(n)) for s, r, k, n in zip(parts.section, parts.route, parts.km, parts.named, strict=True)}
    # the fourth names a street 2 km from where it is drawn: the drawn line counts
    assert found == {(0, 0): (1.0, False), (1, 1): (1.5, True), (2, 1): (1.5, True), (0, 3): (1.0, False)}
    assert parts.without.tolist() == [2]


def test_what_is_not_listed_is_unknown_not_none() -> None:
    of = undergrounding_settings({})
    listed = cables({"street": "Phố Một", "cables": 2.0}, {"street": "Phố Một", "operator": "B", "cables": np.nan}, {"street": "Phố Hai"})
    whole, left = hung_cable(streets(), listed, None, of, operators=["A", "B"])
    assert left is not None
    assert left.empty
    assert whole["cables_least"].tolist() == [3.0, 1.0, 0.0, 0.0]
    assert np.isnan(whole["cables"].iloc[0])  # one cable's number is not given
    assert whole["cables"].tolist()[1:] == [1.0, 0.0, 0.0]
    assert whole["operators_n"].tolist() == [2.0, 1.0, 0.0, 0.0]
    # an operator without a list, a route put nowhere, poles without a listed cable: not known
    assert hung_cable(streets(), listed, None, of, operators=["A", "B", "C"])[0]["cables"].isna().all()
    lost = pd.concat([listed, cables({"street": "Phố Chưa Có"})], ignore_index=True)
    assert hung_cable(streets(), lost, None, of, operators=["A", "B"])[0]["cables"].isna().all()
    road = gpd.GeoDataFrame({"road_name": ["Phố Chưa Có"]}, geometry=[line((0, 9000), (1, 9000))], crs=4326)
    assert hung_cable(streets(), lost, None, of, operators=["A", "B"], elsewhere=road)[0]["cables"].tolist()[1:] == [1.0, 0.0, 0.0]
    poles = cables({"street": "Phố Ba"})
    assert hung_cable(streets(), listed, poles, of, operators=["A", "B"])[0]["cables"].isna().tolist() == [True, False, True, False]
    assert hung_cable(streets(), None, poles, of, operators=["A"])[0]["cables"].isna().all()


def test_scores_by_hand() -> None:
    """Weights 3 3 3 2 2 2; 3 of 6 cables, 1 of 3 operators count a half and a third."""
    frame = streets(centre_street=[True, pd.NA, False, pd.NA], upgraded=[False, pd.NA, False, True], road_works=[False, pd.NA, False, pd.NA],
                    heritage=[False, pd.NA, False, pd.NA], cables=[3, np.nan, 3, np.nan], cables_least=[3, 3, 3, 7], operators_n=[1, np.nan, 1, np.nan])  # fmt: skip
    found = scored(frame, undergrounding_settings({}))
    counts = 2 * 0.5 + 2 / 3
    assert found["score"].tolist() == pytest.approx([(3 + counts) / 15, np.nan, counts / 15, 5 / 5], nan_ok=True)  # the last: upgraded, and more cables than count
    assert found["score_low"].tolist() == pytest.approx([(3 + counts) / 15, counts / 15, counts / 15, (3 + 2 + 2 / 3) / 15])
    assert found["score_high"].tolist() == pytest.approx([(3 + counts) / 15, 1.0, counts / 15, 1.0])
    assert found["rank"].tolist() == [2, 4, 3, 1]
    assert found[["rank_best", "rank_worst"]].to_numpy().tolist() == [[2, 3], [1, 4], [3, 4], [1, 2]]
    assert found["unknown"].tolist() == ["", "centre_street; upgraded; road_works; cables; operators; heritage", "", "centre_street; road_works; operators; heritage"]


def test_connected_streets_are_one_project_and_the_sums_are_by_hand() -> None:
    made = plan(streets(centre_street=[True, True, True, False]), budget_vnd=[9_000_000_003, 3_000_000_001])
    assert made.projects["section_ids"].tolist() == ["P1; P2; P3", "P4"]
    assert made.projects["cost_vnd"].tolist() == [9_000_000_003, 3_000_000_001]
    assert made.projects["year"].tolist() == [2027, 2028]
    years = made.years.set_index("year")
    assert years.loc[2027, ["length_km", "cable_km", "cost_vnd", "underground_km", "hung_km"]].tolist() == [3.0, 6.0, 9_000_000_003, 16.0, 84.0]
    assert years["underground_share"].tolist() == pytest.approx([0.10, 0.16, 0.18])
    assert years["km_to_target"].tolist() == pytest.approx([10.0, 4.0, 2.0])
    assert years["path_share"].tolist()[1:] == pytest.approx([0.125, 0.15])
    # one đồng less: the long project fits no year, the short one does, and what is left tidies
    less = plan(streets(centre_street=[True, True, True, False]), budget_vnd=[9_000_000_002, 3_000_000_001])
    assert less.projects["year"].isna().tolist() == [True, False]
    assert less.projects["remark"].tolist() == ["dearer_than_any_year", ""]
    assert less.sections.set_index("section_id")["action"].to_dict() == {"P1": "tidy", "P2": "tidy", "P3": "tidy", "P4": "underground"}
    assert less.years.set_index("year").loc[2027, "cost_vnd"] == 3_000_000_001 + 3 * 2 * 20_000_000
    # By street and by project: what is between them is the tidying of streets whose project has no year, and each row says so.
    assert less.years.set_index("year").loc[2027, ["cost_underground_vnd", "cost_tidy_vnd"]].tolist() == [3_000_000_001, 120_000_000]
    assert less.projects[["sections_tidied", "tidy_cost_vnd"]].to_numpy().tolist() == [[3, 120_000_000], [0, 0]]
    assert less.sections.set_index("section_id")["remark"].to_dict() == {**dict.fromkeys(("P1", "P2", "P3"), "tidied_meanwhile; dearer_than_any_year"), "P4": ""}


def test_a_road_is_dug_once() -> None:
    frame = streets(centre_street=[True] * 4, works_year=[2028, np.nan, 2027, 2031])
    made = plan(frame, budget_vnd=[10_000_000_000, 10_000_000_000])
    where = made.projects.set_index("section_ids")
    assert where["year"].to_dict() == pytest.approx({"P1; P2": 2028, "P3": 2027, "P4": np.nan}, nan_ok=True)
    assert where.loc["P4", "remark"] == "works_later"


def test_without_a_budget_each_year_buries_what_leads_to_the_target() -> None:
    made = plan(streets(centre_street=[True, True, False, False]), project_km=1)
    # 10 % of 100 km today, 20 % by 2030: 2.5 km a year; sections of 2 km each
    assert made.sections.loc[made.sections["action"] == "underground", ["section_id", "year"]].to_numpy().tolist() == [["P1", 2027], ["P2", 2027], ["P3", 2028]]
    assert made.projects["remark"].tolist() == ["", "", "", "beyond_target"]
    assert made.years["underground_km"].tolist() == [10.0, 14.0, 16.0]
    beyond = plan(streets(), stock=Stock(70.0, 30.0, 0))
    assert beyond.years["path_share"].tolist()[1:] == [0.2, 0.2]
    assert beyond.projects["remark"].tolist() == ["beyond_target"] * len(beyond.projects)
    assert beyond.years["km_to_target"].tolist() == [0.0] * 3
    unknown = plan(streets(), stock=Stock(float("nan"), 10.0, 0))
    assert unknown.projects["remark"].tolist() == ["share_unknown"] * len(unknown.projects)
    assert unknown.years["underground_share"].isna().all()
    assert plan(streets(), stock=Stock(90.0, 10.0, 1)).years["underground_share"].isna().all(), "a route's length is not known"


def test_nothing_is_planned_where_nobody_knows_of_cable() -> None:
    made = plan(streets(cables=[np.nan, 0, 3, 3], cables_least=[0, 0, 3, 3], cable_km=[np.nan, 0, np.nan, 2]), budget_vnd=[10_000_000_000, 0])
    rows = made.sections.set_index("section_id")
    assert rows.loc[["P1", "P2"], "action"].tolist() == ["", ""]
    assert rows.loc[["P1", "P2", "P3"], "remark"].tolist() == ["cable_unknown", "no_cable_listed", "cable_length_unknown"]
    assert rows.loc["P3", "action"] == "underground"
    assert made.years["underground_share"].isna().tolist() == [False, True, True], "of a buried street nobody knows the km of cable"


def test_without_norms_money_is_unknown_and_a_missing_norm_is_named() -> None:
    free = plan(streets(), norms=None)
    assert free.projects["year"].notna().any()
    assert free.projects["cost_vnd"].isna().all()
    assert np.isnan(free.years.set_index("year").loc[2027, "cost_vnd"])
    assert plan(streets(), norms=None, budget_vnd=[1, 1]).projects["remark"].tolist() == ["cost_unknown"] * 2
    with pytest.raises(LookupError, match="tidy"):
        plan(streets(), norms=Norms("n.toml", NORMS.norms[:1]))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(0, 8), st.sampled_from([None, 2026, 2027, 2028, 2030])), min_size=4, max_size=4),
    st.lists(st.integers(0, 9_000_000_000), min_size=2, max_size=2),
)
def test_no_year_spends_more_than_it_has_and_no_street_is_paid_for_twice(rows: list[tuple[bool | None, int, int | None]], budget: list[int]) -> None:
    n = [float(r[1]) for r in rows]
    frame = streets(centre_street=[pd.NA if r[0] is None else r[0] for r in rows], cables=n, cables_least=n, works_year=[np.nan if r[2] is None else float(r[2]) for r in rows])
    made = plan(frame, budget_vnd=budget)
    for year, money in zip((2027, 2028), budget, strict=True):
        mine = made.sections[made.sections["year"] == year]
        assert mine["cost_vnd"].sum() <= money
        told = made.years.set_index("year").loc[year]
        assert mine["cost_vnd"].sum() == told["cost_vnd"] == told["cost_underground_vnd"] + told["cost_tidy_vnd"]
        assert told["cost_underground_vnd"] == made.projects.loc[made.projects["year"] == year, "cost_vnd"].sum()
        assert mine.loc[mine["action"] == "underground", "works_year"].fillna(year).eq(year).all()
    assert made.sections["section_id"].is_unique
    assert made.projects["tidy_cost_vnd"].sum() == made.years["cost_tidy_vnd"].sum()
    low, high, score = (made.sections[c] for c in ("score_low", "score_high", "score"))
    assert ((low <= score + 1e-9) & (score <= high + 1e-9)).all()
    sure = made.sections["unknown"].eq("")
    assert (~sure | ((made.sections["rank_best"] <= made.sections["rank"]) & (made.sections["rank"] <= made.sections["rank_worst"]))).all()


def test_settings_and_ids() -> None:
    assert section_ids(["A", "B", "A"]) == ["A-1", "B", "A-2"]
    for wrong, words in (({"centre_weight": 1}, "centre_street_weight"), ({"along_share": 2}, "along_share"), ({"budget_vnd": [1.5, 1]}, "budget_vnd"), ({"budget_vnd": [1]}, "budget_vnd")):
        with pytest.raises(ProjectFileError, match=words):
            undergrounding_settings({"years": [2027, 2028], "undergrounding": wrong})
