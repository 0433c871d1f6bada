"""Operators under their many names; by hand, then properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ProjectFileError
from geo.io.catalogues import operator_catalogue
from geo.operators import Operator, OperatorCatalogue, network_code

CATALOGUE = operator_catalogue()


def resolve(*cells: object) -> pd.DataFrame:
    found = CATALOGUE.resolve(pd.Series(list(cells), dtype=object))
    return pd.DataFrame(
        {"name": found.names, "foreign": found.foreign, "virtual": found.virtual, "unknown": found.unknown}
    )


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Viettel", "Viettel"),
        ("  VIETTEL\u200b ", "Viettel"),
        ("VTL", "Viettel"),
        ("Tập đoàn Công nghiệp - Viễn thông Quân đội", "Viettel"),
        ("TAP DOAN CONG NGHIEP VIEN THONG QUAN DOI", "Viettel"),
        ("Viettel Tuyên Quang", "Viettel"),
        ("Chi nhánh Viettel Hà Giang", "Viettel"),
        ("VTL-TQG", "Viettel"),
        ("VNPT", "VinaPhone"),
        ("VNPT VinaPhone", "VinaPhone"),
        ("VNPT Tuyên Quang", "VinaPhone"),
        ("VNP", "VinaPhone"),
        ("Vinaphone", "VinaPhone"),
        ("Tập đoàn Bưu chính Viễn thông Việt Nam (VNPT)", "VinaPhone"),
        ("MBF", "MobiFone"),
        ("VMS", "MobiFone"),
        ("Mobi", "MobiFone"),
        ("Tổng công ty Viễn thông MobiFone", "MobiFone"),
        ("VNM", "Vietnamobile"),
        ("Viet Nam Mobile", "Vietnamobile"),
        ("Công ty CP Viễn thông Hà Nội", "Vietnamobile"),
        ("G-Mobile", "Gmobile"),
        ("GTEL", "Gmobile"),
    ],
)
def test_names_brands_and_legal_names(spelling: str, name: str) -> None:
    row = resolve(spelling).iloc[0]
    assert row["name"] == name
    assert not row[["foreign", "virtual", "unknown"]].any()


@pytest.mark.parametrize(
    "spelling", ["45204", "452-04", "452 04", "452/04", "452/4", "452.04", "452,04", 45204, 45204.0, "45204.0", "4524", 4524, "452-004"]
)
def test_network_codes_in_their_spellings(spelling: object) -> None:
    row = resolve(spelling).iloc[0]
    assert row["name"] == "Viettel"
    assert not row["unknown"]
    assert CATALOGUE.codes(pd.Series([spelling], dtype=object)).tolist() == ["452-04"]


@pytest.mark.parametrize(
    ("spelling", "host"),
    [
        ("iTel", "VinaPhone"), ("I-Telecom", "VinaPhone"), ("452-08", "VinaPhone"), ("Wintel", "VinaPhone"),
        ("Reddi", "VinaPhone"), (45209, "VinaPhone"), ("VNSKY", "MobiFone"), ("Local", "MobiFone"),
        ("Mạng Local", "MobiFone"), ("iTel (VinaPhone)", "VinaPhone"),
    ],
)  # fmt: skip
def test_virtual_operators_count_as_their_host(spelling: object, host: str) -> None:
    row = resolve(spelling).iloc[0]
    assert (row["name"], row["virtual"], row["foreign"], row["unknown"]) == (host, True, False, False)


def test_what_the_catalogue_lacks_keeps_itself() -> None:
    found = resolve("651-01", "65101", "452-44", "Sóng Xanh", "MobiFone/VinaPhone", "local operator", "302720")
    assert found["name"].tolist() == [
        "651-01", "651-01", "452-44", "Sóng Xanh", "MobiFone/VinaPhone", "local operator", "302-720",
    ]  # fmt: skip
    assert found["unknown"].all()
    assert found["foreign"].tolist() == [True, True, False, False, False, False, True]


@pytest.mark.parametrize(
    "said",
    [
        "Viettel, VNP", "Viettel/MBF", "VTL, VNP", "Viettel và VNP", "Viettel\nVNP", "Viettel - VNP", "Viettel + 45201", "Viettel (452-01)", "Viettel (MBF)", "45204, 45202",
        "Viettel, Công ty X", "Công ty TNHH Hạ tầng Sóng Xanh; Viettel", "VNPT & Cty CP Trạm Xanh", "Viettel và Tập đoàn X",
    ],
)  # fmt: skip
def test_a_list_of_two_operators_is_neither_of_them(said: str) -> None:
    row = resolve(said).iloc[0]
    assert row["unknown"]
    assert row["name"] not in {"Viettel", "VinaPhone", "MobiFone"}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Viettel, Hà Giang", "Viettel"), ("Viettel (VTL)", "Viettel"), ("Viettel (452-04)", "Viettel"), ("VNPT, VinaPhone", "VinaPhone"), ("VNPT/GPC", "VinaPhone"),
        ("Viettel (Công ty Mạng lưới)", "Viettel"), ("Tổng công ty Viễn thông Viettel, chi nhánh Hà Giang", "Viettel"), ("MobiFone, Công ty Thông tin Di động", "MobiFone"),
        ("iTel (VinaPhone)", "VinaPhone"), ("Viettel - Tập đoàn Công nghiệp, Viễn thông Quân đội", "Viettel"),
    ],
)  # fmt: skip
def test_a_list_that_means_one_operator_is_that_one(said: str, name: str) -> None:
    row = resolve(said).iloc[0]
    assert (row["name"], row["unknown"]) == (name, False)


def test_foreign_networks_are_told_apart_by_country_code_and_name() -> None:
    found = resolve("456-08", "Metfone", "Viettel Cambodia", "Unitel", "China Mobile", "中国移动", "460-99")
    assert found["foreign"].all()
    assert found["name"].tolist()[:3] == ["Metfone"] * 3
    assert found["name"].iloc[5] == "China Mobile"


def test_blank_cells_name_nobody() -> None:
    found = resolve("", None, np.nan, "-", "không rõ")
    assert (found["name"] == "").all()
    assert not found[["foreign", "virtual", "unknown"]].to_numpy().any()


@pytest.mark.parametrize("text", ["2019", "1234", "52", "452", "abc", "45.204", "4520404", "12345", "80001", ""])
def test_no_network_code(text: str) -> None:
    assert network_code(text) == ""


def test_outside_vietnam_the_projects_operators_are_domestic() -> None:
    extra = [{"name": "Orange SN", "aliases": ["Orange"], "mcc_mnc": ["608-01"]}]
    catalogue = operator_catalogue(extra, operators=["Orange SN", "608-03"])
    found = catalogue.resolve(pd.Series(["Orange", "60801", "60803", "60802", "452-04", "Viettel"]))
    assert found.names.tolist() == ["Orange SN", "Orange SN", "608-03", "608-02", "Viettel", "Viettel"]
    assert found.foreign.tolist() == [False, False, False, False, True, True]
    assert found.unknown.tolist() == [False, False, False, True, False, False]


def test_an_operator_known_by_name_alone_makes_nothing_foreign() -> None:
    catalogue = operator_catalogue(operators=["Expresso"])
    found = catalogue.resolve(pd.Series(["expresso", "60803", "Viettel"]))
    assert found.names.tolist() == ["Expresso", "608-03", "Viettel"]
    assert not found.foreign.any()


def test_vietnamese_operators_keep_the_neighbours_foreign() -> None:
    catalogue = operator_catalogue(operators=["Viettel", "VNPT"])
    found = catalogue.resolve(pd.Series(["457-01", "452-01"]))
    assert found.foreign.tolist() == [True, False]


def test_an_extra_entry_replaces_and_adds_hosts() -> None:
    extra = [{"name": "Gmobile", "aliases": ["GMB"], "mcc_mnc": ["452-07"], "hosts": ["Mạng Thử Nghiệm"]}]
    found = operator_catalogue(extra).resolve(pd.Series(["Mạng thử nghiệm", "45207", "GTEL"]))
    assert found.names.tolist() == ["Gmobile", "Gmobile", "GTEL"]
    assert found.virtual.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "entry",
    [
        {"aliases": ["X"]},
        {"name": "X", "mnc": ["1"]},
        {"name": "X", "mcc_mnc": ["hello"]},
        {"name": "X", "mcc_mnc": "45204"},
        {"name": "X", "status": "gone"},
    ],
)
def test_wrong_entries_are_refused_in_both_languages(entry: dict[str, object]) -> None:
    with pytest.raises(ProjectFileError, match=r"\[\[operator\]\]") as caught:
        operator_catalogue([entry])
    assert caught.value.message.vi != caught.value.message.en


def test_a_virtual_operator_has_one_host() -> None:
    with pytest.raises(ProjectFileError, match="two hosts"):
        OperatorCatalogue((Operator("A", hosts=("V",)), Operator("B", hosts=("V",))))


def test_every_alias_of_the_catalogue_means_one_operator() -> None:
    for operator in CATALOGUE.operators:
        for text in (operator.name, *operator.aliases, *operator.mcc_mnc):
            row = resolve(text).iloc[0]
            assert row["name"] == CATALOGUE.host_of(operator.name), text
            assert not row["unknown"]
            assert bool(row["foreign"]) == (operator.status == "foreign"), text


@settings(deadline=None, max_examples=200)
@given(st.integers(200, 799), st.integers(0, 999), st.sampled_from(["", "-", "/", " ", "."]))
def test_codes_survive_any_separator(mcc: int, mnc: int, mark: str) -> None:
    written = f"{mcc}{mark}{mnc:02d}"
    assert network_code(written) == f"{mcc}-{mnc:02d}"


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_any_text_names_itself_or_an_operator(text: str) -> None:
    row = resolve(text).iloc[0]
    names = {o.name for o in CATALOGUE.operators}
    assert row["unknown"] == (row["name"] not in names and row["name"] != "")
