"""Communes and provinces: the ministry's split, sums by province, shares that add up, and sums that cannot fail unseen."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import SPLITS, Coverage, State, province_summary, split_of, unit_summary
from geo.errors import AccountingError
from geo.grid import Grid

GRID = Grid(9210, 0.0, 300.0, 100.0, 3, 3)
#: Three communes of three cells, the first two of one province.
INDEX = np.repeat(np.arange(3, dtype=np.int32)[:, None], 3, axis=1)
UNITS = gpd.GeoDataFrame(
    {
        "commune_code": ["00001", "00002", "00003"], "commune_name": ["Xã 1", "Xã 2", "Xã 3"], "province_code": ["01", "01", "02"],
        "area_km2": [1.0, 3.0, 2.0],
    },
    geometry=[shapely.box(0, i, 1, i + 1) for i in range(3)], crs=4326,
)  # fmt: skip
NAMES = {"01": "Tỉnh Một", "02": "Tỉnh Hai"}
SHARES = tuple(f"population_{part}_share" for part in ("served", "unserved", "uncertain", "unknown"))


def coverage(state: Any, uses: Any = None) -> Coverage:
    codes = np.asarray(state, dtype=np.uint8)[None]
    nothing = np.full(codes.shape, np.nan, dtype=np.float32)
    by_use = None if uses is None else np.asarray(uses, dtype=np.uint8)
    return Coverage(GRID, (("A", "4G"),), nothing, nothing, nothing, codes, np.zeros_like(codes), by_use)


def villages(*rows: tuple[str, str, bool | None, bool | None]) -> pd.DataFrame:
    """Commune, class, grid power, difficult area."""
    frame = pd.DataFrame(rows, columns=["commune_code", "class", "grid_power", "difficult_area"])
    flag = [None if name == "undecided" else name == "weak" for name in frame["class"]]
    return frame.assign(
        weak=pd.array(flag, dtype="boolean"),
        grid_power=pd.array(frame["grid_power"].tolist(), dtype="boolean"),
        difficult_area=pd.array(frame["difficult_area"].tolist(), dtype="boolean"),
    )


STATES = [[2, 3, 4], [6, 6, 6], [1, 5, 6]]
PEOPLE = np.array([[10.0, 20.0, 70.0], [40.0, 10.0, 0.0], [5.0, np.nan, 15.0]])
LISTED = villages(
    ("00001", "white", True, True), ("00001", "white", True, False), ("00001", "weak", False, True), ("00001", "undecided", True, True),
    ("00002", "white", False, False), ("00002", "white", None, True), ("00003", "weak", True, None), ("00003", "served", True, True),
)  # fmt: skip


def test_the_split_by_hand() -> None:
    assert split_of(LISTED).tolist() == [
        "power_difficult", "power_other", "no_power_difficult", "power_difficult", "no_power_other", "split_unknown",
        "split_unknown", "power_difficult",
    ]  # fmt: skip
    assert split_of(LISTED[["commune_code"]]).tolist() == ["split_unknown"] * 8
    assert split_of(LISTED.iloc[:0]).tolist() == []


def test_communes_count_white_and_weak_villages_by_the_split() -> None:
    got = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE, LISTED)
    assert got[["villages", "villages_white", "villages_weak", "villages_undecided"]].to_numpy().tolist() == [[4, 2, 1, 1], [2, 2, 0, 0], [2, 0, 1, 0]]
    white = got[[f"villages_white_{part}" for part in SPLITS]].to_numpy().tolist()
    weak = got[[f"villages_weak_{part}" for part in SPLITS]].to_numpy().tolist()
    assert white == [[1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    assert weak == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]
    bare = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE)
    assert bare[[f"villages_weak_{part}" for part in SPLITS]].isna().all(axis=None)


def test_measured_states_count_as_served_and_unserved() -> None:
    got = unit_summary(UNITS, INDEX, coverage([[1, 5, 5], [2, 4, 4], [1, 4, 3]]), ("4G",), np.full((3, 3), 10.0))
    np.testing.assert_allclose(got[list(SHARES)].to_numpy(), [[1 / 3, 2 / 3, 0, 0], [1 / 3, 2 / 3, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0]])


def test_nobody_is_served_indoors_where_the_outdoors_is_not() -> None:
    """Measurements move the states outdoors; those indoors may still be the prediction's."""
    indoors = np.full((3, 3), State.PREDICTED_SERVED)
    uses = np.stack([indoors] * 3)
    got = unit_summary(UNITS, INDEX, coverage([[2, 4, 3], [2, 2, 2], [6, 6, 6]], uses), ("4G",), np.full((3, 3), 10.0))
    for use in ("indoor", "vehicle"):
        np.testing.assert_allclose(got[f"population_served_{use}_share"], [1 / 3, 1, np.nan])


def test_provinces_by_hand() -> None:
    communes = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE, LISTED)
    lost = villages(("", "white", True, True), ("99999", "served", None, None))
    got = province_summary(communes, NAMES, pd.concat([LISTED, lost], ignore_index=True))
    assert got["area_level"].tolist() == ["province", "province", "unplaced", "total"]
    assert got["province_code"].tolist() == ["01", "02", "", ""]
    assert got["province_name"].tolist() == ["Tỉnh Một", "Tỉnh Hai", "", ""]
    assert got["communes"].tolist() == [2, 1, 0, 3]
    assert got["population"].fillna(-1).tolist() == [150, 20, -1, 170]
    assert got["population_of_shares"].fillna(-1).tolist() == [150, 20, -1, 170]
    # of commune 2 nothing is known: its 50 people are unknown, not left out
    np.testing.assert_allclose(got[list(SHARES)].to_numpy()[0], [10 / 150, 70 / 150, 20 / 150, 50 / 150])
    np.testing.assert_allclose(got[list(SHARES)].to_numpy()[3], [15 / 170, 70 / 170, 20 / 170, 65 / 170])
    assert got.loc[2, list(SHARES)].isna().all()
    areas = ["area_served_share", "area_unserved_share", "area_uncertain_share", "area_unknown_share"]
    np.testing.assert_allclose(got[areas].to_numpy()[0], [1 / 12, 1 / 12, 1 / 12, 3 / 4])  # of 1 and 3 km²
    assert got["A_4G_population_served_share"][3] == pytest.approx(15 / 170)
    assert got["villages"].tolist() == [6, 2, 2, 10]
    assert got["villages_white"].tolist() == [4, 0, 1, 5]
    assert got["villages_white_power_difficult"].tolist() == [1, 0, 1, 2]
    assert got["villages_weak_split_unknown"].tolist() == [0, 1, 0, 1]
    whole = province_summary(communes, NAMES, LISTED)
    assert whole["area_level"].tolist() == ["province", "province", "total"]


def test_people_of_communes_without_shares_are_in_the_sum_but_not_in_the_shares() -> None:
    communes = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE)
    communes.loc[1, [name for name in communes.columns if name.startswith(("population_", "A_4G_population"))]] = np.nan
    communes.loc[2, "population"] = np.nan
    got = province_summary(communes, NAMES)
    assert got["population"].fillna(-1).tolist() == [150, -1, 150]
    assert got["population_of_shares"].fillna(-1).tolist() == [100, -1, 100]
    assert got["communes_with_population"].tolist() == [2, 0, 2]
    np.testing.assert_allclose(got[list(SHARES)].to_numpy()[0], [0.1, 0.7, 0.2, 0.0])
    assert got.loc[1, list(SHARES)].isna().all()
    assert got["villages"].isna().all()


def test_where_nothing_is_known_at_all_no_share_is_zero() -> None:
    communes = unit_summary(UNITS, INDEX, coverage(np.full((3, 3), 6)), ("4G",), np.full((3, 3), 10.0))
    got = province_summary(communes, NAMES)
    for _, row in got.iterrows():
        np.testing.assert_array_equal(row[list(SHARES)].astype(float), [np.nan, np.nan, np.nan, 1])


@pytest.mark.parametrize("broken", ["population_served_share", "area_unknown_share", "A_4G_population_unserved_share"])
def test_shares_that_do_not_add_up_are_a_defect(broken: str) -> None:
    communes = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE, LISTED)
    communes.loc[0, broken] += 0.01
    with pytest.raises(AccountingError, match=broken.rsplit("_", 2)[0]):
        province_summary(communes, NAMES, LISTED)


def test_counts_that_do_not_add_up_are_a_defect() -> None:
    communes = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE, LISTED)
    communes.loc[0, "villages_white"] += 1
    with pytest.raises(AccountingError, match="villages_white"):
        province_summary(communes, NAMES, LISTED)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_sums_hold_for_any_states_and_villages(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = np.where(rng.random((3, 3)) < 0.2, np.nan, rng.integers(0, 50, (3, 3)).astype(float))
    states = rng.choice([1, 2, 3, 4, 5, 6], size=(3, 3), p=rng.dirichlet(np.ones(6)))
    classes = ("white", "weak", "undecided", "served", "no_4g")
    flags = (True, False, None)
    rows = [
        (rng.choice(["00001", "00002", "00003", ""]), rng.choice(classes), flags[rng.integers(3)], flags[rng.integers(3)])
        for _ in range(rng.integers(1, 12))
    ]
    listed = villages(*rows)
    communes = unit_summary(UNITS, INDEX, coverage(states), ("4G",), people, listed)
    got = province_summary(communes, NAMES, listed)
    total = got.iloc[-1]
    parts = got.iloc[:-1]
    for name in ("villages", "villages_white", "villages_weak", "villages_undecided"):
        assert parts[name].sum() == total[name]
    assert total["villages"] == len(listed)
    for name in ("white", "weak"):
        assert sum(total[f"villages_{name}_{part}"] for part in SPLITS) == total[f"villages_{name}"] == listed["class"].eq(name).sum()
    for prefix in ("population", "area", "A_4G_population", "A_4G_area"):
        shares = got[[f"{prefix}_{part}_share" for part in ("served", "unserved", "uncertain", "unknown")]]
        known = shares[f"{prefix}_unknown_share"].notna()
        np.testing.assert_allclose(shares[known].sum(axis=1), 1.0)
        assert shares[~known].isna().all(axis=None)
    # served people of the provinces are those of the cells
    inside = np.isfinite(people)
    expected = people[inside & np.isin(states, (1, 2))].sum()
    if np.isfinite(total["population_served_share"]):
        assert total["population_served_share"] * total["population_of_shares"] == pytest.approx(expected)


def test_the_frames_given_stay_as_they_are() -> None:
    communes = unit_summary(UNITS, INDEX, coverage(STATES), ("4G",), PEOPLE, LISTED)
    before, listed = communes.copy(deep=True), LISTED.copy(deep=True)
    province_summary(communes, NAMES, LISTED)
    pd.testing.assert_frame_equal(communes, before)
    pd.testing.assert_frame_equal(LISTED, listed)
