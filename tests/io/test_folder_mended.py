"""Folders in which a file was once taken for something that it is not, dropped without a word, or ended the command. All rows are made up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from geo.io.catalogues import operator_catalogue
from geo.io.folder_project import _operators_in, propose_project
from geo.io.folder_proposal import Proposal

TODAY = dt.date(2026, 11, 1)


def proposed(folder: Path) -> Proposal:
    return propose_project(folder, today=TODAY)


def left(proposal: Proposal, file: str) -> str:
    found = [f.why for f in proposal.left if f.file == file]
    assert len(found) == 1, [(f.file, f.why.en) for f in proposal.left]
    assert found[0].vi
    return found[0].en


def sites(first: int, number: int, **more: str) -> pd.DataFrame:
    k = range(first, first + number)
    return pd.DataFrame(
        {"Mã trạm": [f"T{i:05d}" for i in k], "Công nghệ": "4G", "Kinh độ": [105.6 + i * 1e-5 for i in k], "Vĩ độ": [21.8 + i * 1e-5 for i in k]}
    ).assign(**more)


def test_each_sheet_goes_to_the_operator_that_it_names(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "tram.xlsx", engine="xlsxwriter") as book:
        for number, name in enumerate(("Viettel", "VinaPhone", "MobiFone")):
            sites(10 * number, 3).to_excel(book, sheet_name=name, index=False)
    found = proposed(tmp_path)
    assert [dict(t.options) for t in found.taken] == [{"sheet": n, "operator": n} for n in ("Viettel", "VinaPhone", "MobiFone")]
    assert set(found.operators) == {"Viettel", "VinaPhone", "MobiFone"}


def test_a_list_that_names_several_operators_is_left_with_a_sentence(tmp_path: Path) -> None:
    sites(0, 3).to_csv(tmp_path / "Danh sách trạm Viettel, VinaPhone.csv", index=False)
    found = proposed(tmp_path)
    assert not found.taken
    assert "several operators (Viettel, VinaPhone)" in left(found, "Danh sách trạm Viettel, VinaPhone.csv")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Danh sách trạm Viettel, VinaPhone, MobiFone", {"Viettel", "VinaPhone", "MobiFone"}),
        ("Viettel,VinaPhone", {"Viettel", "VinaPhone"}), ("BTS_Viettel_2026", {"Viettel"}), ("danh sách trạm", set()),
    ],
)  # fmt: skip
def test_every_operator_of_a_title_is_found(text: str, names: set[str]) -> None:
    assert _operators_in(text, operator_catalogue([])) == names
