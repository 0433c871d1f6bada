"""A mast that several lists name is one mast; two masts stay two. All made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyproj import Geod

from geo.io.passive import POINT_KINDS
from geo.io.resources import issue_catalogue
from geo.planning.several_lists import one_row_per_mast
from geo.planning.structures import standing_masts
from geo.validation import IssueLog

GEOD = Geod(ellps="WGS84")
DATE = pd.Timestamp("2027-06-01")


def mast(mast_id: str, file: str, east_m: float, **given: object) -> dict[str, object]:
    unknown = {"str": "", "float64": np.nan, "boolean": pd.NA, "datetime64[ns]": pd.NaT}
    lon, lat, _ = GEOD.fwd(105.3, 21.9, 90, east_m)
    base = {name: unknown[kind] for name, kind in POINT_KINDS["masts"].items()}
    return {**base, "planned": False, "commune_code": "99001", "lon": lon, "lat": lat, "file": file, "sheet": "", "row": 2, "mast_id": mast_id, **given}


def one(*rows: dict[str, object], log: IssueLog | None = None) -> pd.DataFrame:
    kinds = {**POINT_KINDS["masts"], "planned": "bool", "lon": "float64", "lat": "float64"}
    return one_row_per_mast(pd.DataFrame(list(rows)).astype(kinds), same_mast_m=30.0, log=IssueLog(issue_catalogue()) if log is None else log)


def test_a_shared_mast_of_two_lists_is_one_with_the_users_of_both() -> None:
    log = IssueLog(issue_catalogue())
    found = one(
        mast("A1", "a.csv", 0, owner="Mạng A", users="Mạng A", mast_class="A2b", shareable=True),
        mast("B7", "b.csv", 12, owner="MẠNG A", users="Mạng B", mast_class="A2b", height_m=42.0, certificate_no="K", certificate_expiry=DATE),
        mast("B8", "b.csv", 900, owner="Mạng B", users="Mạng B"),
        log=log,
    )  # fmt: skip
    assert found["mast_id"].tolist() == ["A1", "B8"]
    row = found.iloc[0]
    assert (row["users"], row["owner"], row["mast_class"], row["height_m"], bool(row["shareable"])) == ("Mạng A; Mạng B", "Mạng A", "A2b", 42.0, True)
    assert (row["certificate_no"], row["certificate_expiry"], row["note"]) == ("K", DATE, "= B7 (b.csv)")
    assert [(f.kind.code, f.source.file, f.came.tolist()) for f in log.findings] == [("mast_in_several_lists", "b.csv", ["B7 = A1"])]
    none = pd.DataFrame(columns=["site_id", "status", "lon", "mast_id"])
    assert standing_masts(none, found, same_mast_m=30.0)["operators"].tolist() == ["Mạng A; Mạng B", "Mạng B"]


def test_what_two_lists_contradict_is_not_known() -> None:
    log = IssueLog(issue_catalogue())
    found = one(mast("A1", "a.csv", 0, mast_class="A2b", shareable=True), mast("B7", "b.csv", 0, mast_class="A2a", shareable=False), log=log)
    assert found["mast_class"].tolist() == [""]
    assert found["shareable"].isna().all()
    assert {f.kind.code for f in log.findings} == {"mast_in_several_lists", "mast_lists_differ_mast_class", "mast_lists_differ_shareable"}


def test_two_masts_stay_two() -> None:
    def ids(*rows: dict[str, object]) -> list[str]:
        return one(*rows)["mast_id"].tolist()

    assert ids(mast("A1", "a.csv", 0), mast("A2", "a.csv", 1)) == ["A1", "A2"]  # one list tells them apart
    assert ids(mast("A1", "a.csv", 0, owner="X"), mast("B1", "b.csv", 1, owner="Y")) == ["A1", "B1"]  # two owners
    assert ids(mast("A1", "a.csv", 0), mast("B1", "b.csv", 30.5)) == ["A1", "B1"]
    assert ids(mast("A1", "a.csv", 0), mast("B1", "b.csv", 1, planned=True)) == ["A1", "B1"]
    assert ids(mast("A1", "a.csv", 0, lon=np.nan, lat=np.nan), mast("B1", "b.csv", 1)) == ["A1", "B1"]
    # two masts of each list, 8 m apart: each with the nearest of the other list, never all in one
    assert ids(mast("A1", "a.csv", 0), mast("A2", "a.csv", 8), mast("B1", "b.csv", 1), mast("B2", "b.csv", 9)) == ["A1", "A2"]
    # an owner that the third list contradicts
    assert ids(mast("A1", "a.csv", 0, owner="X"), mast("B1", "b.csv", 2), mast("C1", "c.csv", 4, owner="Y")) in (["A1", "C1"], ["A1", "B1"])
