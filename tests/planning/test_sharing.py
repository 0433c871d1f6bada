"""Masts that could be shared: clusters equal to a distance table, moves equal to trying all, money to the đồng. Made-up data, and Sussex's real masts."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.io.norms import Norm, Norms
from geo.network import shared_masts
from geo.planning.rules import mast_rules, plan_settings
from geo.planning.sharing import mast_links, sharing_clusters, sharing_rates
from geo.planning.structures import standing_masts

GEOD = Geod(ellps="WGS84")
LON, LAT = 105.3, 21.9
RULES, SETTINGS = mast_rules({}, {}), plan_settings({})
SUSSEX = Path(__file__).parents[2].parent / "shared/data/sites"
NORMS = Norms(
    "n.toml",
    (
        Norm("mast_year", "A2b", "", 40_000_001, 50_000_003, 60_000_007, "năm", "giả định", 2026),
        Norm("mast_year", "", "", 10_000_000, 20_000_000, 30_000_000, "năm", "giả định", 2026),
        Norm("move", "", "", 90_000_000, 100_000_000, 120_000_000, "lần", "giả định", 2026),
    ),
)


def masts(*rows: tuple[str, str, float, float], **changes: object) -> pd.DataFrame:
    """Structures from (id, operators, metres away, bearing)."""
    places = [GEOD.fwd(LON, LAT, b, m)[:2] for *_, m, b in rows]
    return pd.DataFrame(
        {
            "structure_id": [r[0] for r in rows], "lon": [p[0] for p in places], "lat": [p[1] for p in places], "commune_code": "99001",
            "operators": [r[1] for r in rows], "owner": "", "site_ids": [f"s{r[0]}" for r in rows], "mast_class": "A2b", "height_m": 36.0,
            "building_height_m": np.nan, "shareable": pd.array([pd.NA] * len(rows), dtype="boolean"), "certificate_expiry": pd.NaT, "basis": "both",
        }
    ).assign(**changes)  # fmt: skip


def clusters(standing: pd.DataFrame, norms: Norms | None = None, **plan: object) -> pd.DataFrame:
    return sharing_clusters(standing, ["other"] * len(standing), rules=RULES, settings=plan_settings(plan), norms=norms)


def test_a_cluster_by_hand() -> None:
    """Four masts in a row, 300 m apart: the second takes in both neighbours, the last one is out of reach of it and stays."""
    standing = masts(("M1", "A", 0, 90), ("M2", "B", 300, 90), ("M3", "C", 600, 90), ("M4", "A", 900, 90), ("M5", "A", 5000, 0))
    found = clusters(standing, NORMS)
    assert len(found) == 1
    row = found.iloc[0]
    assert row["mast_ids"] == "M1; M2; M3; M4"
    assert row["masts_saved"] == 2
    keep, gone = set(row["keep_mast_id"].split("; ")), set(row["removable_mast_ids"].split("; "))
    assert len(gone) == 2
    assert not keep & gone
    assert row["proven"]
    assert row["saving_vnd"] == 2 * 50_000_003
    assert row["saving_low_vnd"] == 2 * 40_000_001
    assert row["moving_vnd"] == 200_000_000
    assert row["shared_share"] == 0.0
    assert row["distance_m"] == pytest.approx(300, abs=0.01)


def test_distances_at_the_limit_and_who_counts() -> None:
    def ids(*rows: tuple[str, str, float, float]) -> list[str]:
        return clusters(masts(*rows))["mast_ids"].tolist()

    assert ids(("M1", "A", 0, 0), ("M2", "B", 399.99, 0)) == ["M1; M2"]
    assert ids(("M1", "A", 0, 0), ("M2", "B", 400.01, 0)) == []
    assert ids(("M1", "A", 0, 0), ("M2", "A", 100, 0)) == []  # one operator's own
    assert ids(("M1", "A", 0, 0), ("M2", "", 100, 0)) == []  # nobody says whose
    assert ids(("M1", "A; B", 0, 0), ("M2", "A; B", 100, 0)) == []
    standing = masts(("M1", "A", 0, 0), ("M2", "B", 200, 0))
    assert sharing_clusters(standing, ["urban", "other"], rules=RULES, settings=SETTINGS, norms=None).empty
    assert sharing_clusters(masts(("M1", "A", 0, 0), ("M2", "B", 99, 0)), ["urban", "other"], rules=RULES, settings=SETTINGS, norms=None)["masts"].tolist() == [2]


def test_what_a_mast_may_take_in() -> None:
    star = [("M0", "Z", 0.0, 0.0), *((f"M{k}", op, 350.0, 72.0 * k) for k, op in enumerate("ABCDE", start=1))]
    assert clusters(masts(*star))["masts_saved"].tolist() == [3]  # four operators on one mast
    assert clusters(masts(*star), operators_per_mast=6)["masts_saved"].tolist() == [5]
    closed = masts(*star, shareable=pd.array([False, *[pd.NA] * 5], dtype="boolean"))
    found = clusters(closed, operators_per_mast=6)
    assert "M0" not in found["keep_mast_id"].tolist()[0].split("; ")
    # two masts of one operator never go onto the same mast
    twins = masts(("M1", "A", 0, 0), ("M2", "B", 300, 0), ("M3", "A", 600, 0))
    assert clusters(twins)["masts_saved"].tolist() == [1]
    # an operator that is there already gains nothing by moving there
    assert clusters(masts(("M1", "A; B", 0, 0), ("M2", "A", 100, 0)))["masts_saved"].tolist() == [0]


def test_a_shareable_mast_is_kept_before_others_and_money_needs_norms() -> None:
    pair = masts(("M1", "A", 0, 0), ("M2", "B", 100, 0), shareable=pd.array([pd.NA, True], dtype="boolean"), mast_class=["A2a", "A2b"])
    found = clusters(pair, NORMS)
    assert found["keep_site_id"].tolist() == ["sM2"]
    assert found["removable_site_ids"].tolist() == ["sM1"]
    assert found["saving_vnd"].tolist() == [20_000_000]  # the norm for all classes
    assert clusters(pair)["saving_vnd"].isna().all()


def best_by_trying_all(users: list[set[str]], links: set[tuple[int, int]], limit: int) -> int:
    """Return the greatest number of masts that can go, by trying every choice of what each mast does."""
    n = len(users)
    options = [[k, *(b for b in range(n) if (k, b) in links or (b, k) in links)] for k in range(n)]
    best = 0
    for choice in itertools.product(*options):
        if any(choice[b] != b for k, b in enumerate(choice) if b != k):
            continue
        hosted: list[list[set[str]]] = [[] for _ in range(n)]
        for k, b in enumerate(choice):
            hosted[b].append(users[k])
        moved = sum(b != k for k, b in enumerate(choice))
        fits = all(len(h) < 2 or (sum(map(len, h)) == len(set().union(*h)) and sum(map(len, h)) <= limit) for h in hosted)
        best = max(best, moved if fits else 0)
    return best


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C", "A; B", "D"]), st.floats(0, 700), st.floats(0, 360)), min_size=2, max_size=6))
def test_no_more_masts_can_go(rows: list[tuple[str, float, float]]) -> None:
    standing = masts(*((f"M{k}", op, m, b) for k, (op, m, b) in enumerate(rows)))
    first, second, _ = mast_links(standing, ["other"] * len(rows), RULES)
    links = set(zip(first.tolist(), second.tolist(), strict=True))
    found = clusters(standing)
    assert found["masts_saved"].sum() == best_by_trying_all([set(op.split("; ")) for op, *_ in rows], links, 4)
    assert found["proven"].all()


def test_rates_beside_the_targets() -> None:
    standing = masts(("M1", "A; B", 0, 0), ("M2", "A", 3000, 0), ("M3", "B", 6000, 0), ("M4", "C", 6100, 0), ("M5", "A; C", 9000, 0))
    standing.loc[4, "commune_code"] = ""
    rates = sharing_rates(standing, clusters(standing), RULES, ["99001"]).set_index("operator")
    assert rates.loc["", ["sites", "sites_shared", "masts"]].tolist() == [5, 2, 4]
    assert rates.loc["", "shared_share"] == pytest.approx(0.4)
    assert rates.loc["", ["masts_listed", "masts_unlisted"]].tolist() == [4, 0]
    assert rates.loc["A", ["sites", "sites_shared"]].tolist() == [2, 1]
    assert rates.loc["", ["sites_shared_after", "masts_after"]].tolist() == [4, 3]
    assert (rates["target_low"] == 0.20).all()
    # what only the site lists tell of is told apart from the inventory's, and adds up with it; without an inventory nothing is listed, which is not 0
    for basis, told in ((["inventory", "site_list", "both", "site_list", "site_list"], [2, 2]), (["site_list"] * 5, [None, 4])):
        by_basis = sharing_rates(standing.assign(basis=basis), clusters(standing), RULES, ["99001"]).set_index("operator")
        assert [None if pd.isna(v) else v for v in by_basis.loc["", ["masts_listed", "masts_unlisted"]]] == told
        assert by_basis.loc["", "masts"] == 4
    assert rates["target_status"].tolist() == ["unverified"] * len(rates)  # said once where both targets have the same


def sussex() -> pd.DataFrame:
    """Masts of three operators: the median place of each eNodeB (the first 20 bits of the cell identity)."""
    parts = []
    for path in sorted(SUSSEX.glob("nsg_gb_*_lte_cells.csv")):
        frame = pd.read_csv(path)
        places = frame.assign(enb=frame["ECellID"] // 256).groupby("enb")[["Longitude", "Latitude"]].median().set_axis(["lon", "lat"], axis=1)
        parts.append(places.reset_index().assign(operator=path.name.split("_")[2]))
    sites = pd.concat(parts, ignore_index=True)
    sites["site_id"] = sites["operator"] + "-" + sites["enb"].astype(str)
    blank = {"status": "on_air", "commune_code": "", "owner": "", "mast_class": "", "structure_height_m": np.nan, "building_height_m": np.nan}
    sites = sites.assign(**blank)
    return sites.assign(mast_id=shared_masts(sites, plane_epsg=32630, same_mast_m=25.0))


@pytest.mark.skipif(not SUSSEX.is_dir(), reason="the shared data folder is not beside the checkout")
@pytest.mark.parametrize("area", ["urban", "other"])
def test_sussex_clusters_are_those_of_a_distance_table(area: str) -> None:
    """All pairs measured one by one on the ellipsoid, joined by hand."""
    standing = standing_masts(sussex(), None, same_mast_m=25.0)
    limit = {"urban": 100.0, "other": 400.0}[area]
    lon, lat = standing["lon"].to_numpy(), standing["lat"].to_numpy()
    users = [set(o.split("; ")) for o in standing["operators"]]
    n = len(standing)
    group = list(range(n))

    def root(k: int) -> int:
        while group[k] != k:
            k = group[k]
        return k

    pairs = set()
    for i in range(n):
        metres = GEOD.inv(np.full(n - i - 1, lon[i]), np.full(n - i - 1, lat[i]), lon[i + 1 :], lat[i + 1 :])[2]
        for j in (np.flatnonzero(np.asarray(metres) < limit) + i + 1).tolist():
            if users[i] != users[j]:
                pairs.add((i, j))
                group[max(root(i), root(j))] = min(root(i), root(j))
    table: dict[int, set[str]] = {}
    for k in {v for pair in pairs for v in pair}:
        table.setdefault(root(k), set()).add(standing["structure_id"][k])
    first, second, _ = mast_links(standing, [area] * n, RULES)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == pairs
    found = sharing_clusters(standing, [area] * n, rules=RULES, settings=SETTINGS, norms=None)
    assert {frozenset(ids.split("; ")) for ids in found["mast_ids"]} == {frozenset(v) for v in table.values()}
    assert found["proven"].all()
    # what goes has a mast of another operator to go to, within the distance
    near = {frozenset((standing["structure_id"][a], standing["structure_id"][b])) for a, b in pairs}
    for keep, gone in zip(found["keep_mast_id"], found["removable_mast_ids"], strict=True):
        for mast in (m for m in gone.split("; ") if m):
            assert any(frozenset((mast, host)) in near for host in keep.split("; "))
    print(f"{area}: {n} masts, {len(pairs)} pairs, {len(found)} clusters, {int(found['masts_saved'].sum())} could go")
