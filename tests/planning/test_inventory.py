"""The inventory counted by hand, what stands beside what was planned, and whom to ask for what is left. All data are made up."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from geo.planning.inventory import certificates, inventory_communes, inventory_summary
from geo.planning.remainder import propose
from geo.planning.rules import plan_settings

ON = date(2026, 11, 1)
UNITS = pd.DataFrame({"commune_code": ["99001", "99002"], "commune_name": ["Phường Mẫu", "Xã Mẫu"]})
SETTINGS = plan_settings({})
GEOD = Geod(ellps="WGS84")


def masts() -> pd.DataFrame:
    rows = [
        # class, users, commune, height, shareable, expiry, planned
        ("A2b", "A", "99001", 42.0, True, "2026-11-01", False),
        ("A2b", "A; B", "99001", 15.0, False, "2026-10-31", False),
        ("A1a", "B", "99002", 15.5, pd.NA, "2027-11-01", False),
        ("", "", "", np.nan, pd.NA, None, False),
        ("A2b", "A", "99001", 42.0, pd.NA, "2027-11-02", True),
        ("A2a", "C", "99002", 70.0, pd.NA, None, True),
    ]
    frame = pd.DataFrame(rows, columns=["mast_class", "users", "commune_code", "height_m", "shareable", "certificate_expiry", "planned"])
    return frame.assign(
        mast_id=[f"C{k}" for k in range(len(rows))], mast_name="", owner=["A", "X", "", "", "A", ""], certificate_no="", lon=105.0, lat=21.0,
        certificate_expiry=pd.to_datetime(frame["certificate_expiry"]), shareable=pd.array(frame["shareable"], dtype="boolean"),
    )  # fmt: skip


def routes(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"operator": "A", "planned": False, **columns})


def test_commune_totals_stand_beside_what_is_planned() -> None:
    ducts = routes(work_class=["N1", "N2", "N1"], length_km=[1.5, 2.0, 0.25], commune_code=["99001", "99002", "88888"], conduits=[4, np.nan, 2], conduits_used=[1, 1, 1])
    poles = routes(work_class=["C1", "C2"], poles=[40, np.nan], commune_code=["99001", "99001"])
    found = inventory_communes(UNITS, {"masts": masts(), "ducts": ducts, "poles": poles}, on=ON, certificate_days=365).set_index("commune_code")
    assert found.index.tolist() == ["99001", "99002", "", "total"]
    assert found["masts_a2b"].tolist() == [2, 0, 0, 2]
    assert found["masts_a2b_planned"].tolist() == [1, 0, 0, 1]
    assert found["masts_a2a_planned"].tolist() == [0, 1, 0, 1]
    assert found["masts_class_unknown"].tolist() == [0, 0, 1, 1]
    assert found["masts"].tolist() == [2, 1, 1, 4]
    assert found["masts_shared"].tolist() == [1, 0, 0, 1]
    assert found["masts_certificate_expired"].tolist() == [1, 0, 0, 1]
    assert found["masts_certificate_expiring"].tolist() == [1, 1, 0, 2]
    assert found["ducts_km"].tolist() == [1.5, 2.0, 0.25, 3.75]  # works in no commune of the list have a row of their own
    assert found["conduits"].fillna(-1.0).tolist() == [4, -1, 2, 6]  # a route that does not say how many has not none
    assert found["poles_c2"].tolist() == [1, 0, 0, 1]
    # what was not given is not known, never nothing
    assert found["cables_km"].isna().all()
    assert found["service_points_d1"].isna().all()
    # a list with nothing planned in it is no plan of nothing
    assert found[["ducts_km_planned", "ducts_km_n1_planned", "poles_planned", "conduits_planned"]].isna().all(axis=None)


def test_routes_of_unknown_length_are_no_kilometres_and_no_zero() -> None:
    """Commune 1 has a cable of 2 km and one of unknown length, commune 2 one of unknown length, the third none."""
    cables = pd.DataFrame({"operator": ["A", "A", "B"], "length_km": [2.0, np.nan, np.nan], "commune_code": [*UNITS["commune_code"][:1]] * 2 + [*UNITS["commune_code"][1:2]], "planned": False})
    ducts = pd.DataFrame({"operator": ["A"], "work_class": ["N1"], "length_km": [1.0], "conduits": [np.nan], "conduits_used": [np.nan], "commune_code": [UNITS["commune_code"].iloc[0]], "planned": False})
    found = inventory_communes(UNITS, {"cables": cables, "ducts": ducts}, on=ON, certificate_days=365)
    assert found["cables_km"].iloc[0] == 2.0
    assert np.isnan(found["cables_km"].iloc[1])
    assert found["cables_without_length"].tolist()[:2] == [1.0, 1.0]
    assert found["cables_without_length"].iloc[-1] == 2.0
    assert np.isnan(found["conduits"].iloc[0])
    assert found["conduits"].iloc[1] == 0.0  # no route is no conduit
    by = inventory_summary({"cables": cables}, height_bands_m=(15,), on=ON, certificate_days=365).set_index("value")["existing"]
    assert by["A"] == 2.0
    assert np.isnan(by["B"])


def test_the_kinds_add_up() -> None:
    found = inventory_communes(UNITS, {"masts": masts()}, on=ON, certificate_days=365)
    kinds = [f"masts_{k}" for k in ("a1a", "a1b", "a2a", "a2b", "a2c", "class_unknown")]
    assert found[kinds].sum(axis=1).tolist() == found["masts"].tolist()
    inside = found[found["commune_code"] != "total"]
    assert inside["masts"].sum() == found["masts"].iloc[-1]


def test_certificates_end_on_their_last_day() -> None:
    found = certificates(masts(), on=ON, certificate_days=365)
    assert found[["mast_id", "days_left", "certificate_state"]].to_numpy().tolist() == [["C1", -1, "expired"], ["C0", 0, "expiring"], ["C2", 365, "expiring"]]


def test_summary_by_one_property_at_a_time() -> None:
    found = inventory_summary({"masts": masts()}, height_bands_m=(15, 30, 45), on=ON, certificate_days=365)

    def of(name: str) -> dict[str, tuple[float, float]]:
        part = found[found["property"] == name]
        return {v: (e, p) for v, e, p in zip(part["value"], part["existing"], part["planned"], strict=True)}

    assert of("class") == {"A1a": (1, 0), "A2a": (0, 1), "A2b": (2, 1), "": (1, 0)}
    assert of("height") == {"0-15 m": (1, 0), "15-30 m": (1, 0), "30-45 m": (1, 1), "> 45 m": (0, 1), "": (1, 0)}
    assert of("user") == {"A": (2, 1), "B": (2, 0), "C": (0, 1), "": (1, 0)}  # a mast of two counts under both
    assert of("users") == {"1": (2, 2), "2": (1, 0), "": (1, 0)}
    assert of("shareable") == {"yes": (1, 0), "no": (1, 0), "": (2, 2)}
    assert (found["difference"] == found["existing"] - found["planned"]).all()
    assert set(found["basis"]) == {"inventory"}


def test_without_an_inventory_the_site_lists_are_counted_and_said_to_be() -> None:
    structures = masts().assign(operators=masts()["users"]).drop(columns=["users", "planned"])
    found = inventory_summary({}, height_bands_m=(15,), on=ON, certificate_days=365, structures=structures)
    assert set(found["basis"]) == {"site_list"}
    assert found["planned"].isna().all()
    assert found["difference"].isna().all()


def left(*rows: tuple[str, str, float, bool | None, float]) -> pd.DataFrame:
    """Villages from (id, commune, km east of the mast of A, special difficulty, people)."""
    places = [GEOD.fwd(105.0, 21.0, 90, km * 1000)[:2] for _, _, km, _, _ in rows]
    return pd.DataFrame(
        {
            "remainder_id": [r[0] for r in rows], "kind": "village", "name": "", "commune_code": [r[1] for r in rows], "class": "white", "state_after": "unserved",
            "lon": [p[0] for p in places], "lat": [p[1] for p in places], "households": np.nan, "population": [r[4] for r in rows],
            "population_left": [r[4] for r in rows], "left_share": 1.0, "difficult_area": pd.array([pd.NA if r[3] is None else r[3] for r in rows], dtype="boolean"),
        }
    )  # fmt: skip


def standing(*rows: tuple[str, str, float]) -> pd.DataFrame:
    places = [GEOD.fwd(105.0, 21.0, 90, km * 1000)[:2] for *_, km in rows]
    return pd.DataFrame({"structure_id": [r[0] for r in rows], "operators": [r[1] for r in rows], "lon": [p[0] for p in places], "lat": [p[1] for p in places]})


def test_whom_to_ask() -> None:
    masts_there = standing(("MA", "A", 0.0), ("MB", "B", 12.0), ("M?", "", 30.0))
    found = propose(left(("V1", "1", 4.9, False, 10), ("V2", "1", 5.5, False, 10), ("V3", "1", 3.0, True, 10), ("V4", "1", 10.0, None, 10)), masts_there, SETTINGS)
    assert found["proposed_to"].tolist() == ["operator", "budget", "public_utility", "operator"]
    assert found["operator"].tolist() == ["A", "", "A", "B"]
    assert found["reason"].tolist() == ["mast_near", "no_mast_near", "special_difficulty", "difficulty_unknown; mast_near"]
    assert found["nearest_mast_id"].tolist() == ["MA", "MA", "MA", "MB"]
    assert found["nearest_mast_km"].tolist() == pytest.approx([4.9, 5.5, 3.0, 2.0], abs=1e-6)


def test_the_programme_supports_one_operator_in_a_commune() -> None:
    """Two villages lean to A, one with most of the people to B: the commune's operator is B; the other commune is its own."""
    masts_there = standing(("MA", "A", 0.0), ("MB", "B", 12.0))
    rows = left(("V1", "1", 1.0, True, 10), ("V2", "1", 5.0, True, 10), ("V3", "1", 11.0, True, 500), ("V4", "2", 2.0, True, 10))
    assert propose(rows, masts_there, SETTINGS)["operator"].tolist() == ["B", "B", "B", "A"]
    assert propose(rows, masts_there, SETTINGS, supported={"1": "A"})["operator"].tolist() == ["A", "A", "A", "A"]
    # where people are not known all places weigh alike
    assert propose(rows.assign(population_left=np.nan), masts_there, SETTINGS)["operator"].tolist()[:3] == ["A"] * 3


def test_with_no_mast_known_the_budget_is_asked() -> None:
    found = propose(left(("V1", "1", 1.0, False, 10)), standing(), SETTINGS)
    assert found["proposed_to"].tolist() == ["budget"]
    assert found["reason"].tolist() == ["no_mast_known"]
    assert found["nearest_mast_km"].isna().all()
