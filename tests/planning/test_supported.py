"""One supported operator per commune: read by code or name, on the day, and asked for what is left. All names are made up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.supported_operators import read_supported_operators
from geo.planning.supported import supported_on
from geo.validation import IssueLog
from tests.io.test_passive import CONTEXT, OPERATORS, one

ON = date(2026, 11, 1)


def read(folder: Path, rows: list[tuple[str, ...]], headers: tuple[str, ...] = ("Mã xã", "Doanh nghiệp được hỗ trợ", "Từ ngày", "Đến ngày"), **options: str) -> tuple[pd.DataFrame, IssueLog]:
    path = folder / "cong_ich.csv"
    pd.DataFrame(rows, columns=list(headers)).to_csv(path, index=False)
    log = IssueLog(issue_catalogue())
    return read_supported_operators(path, file=path.name, options=TableOptions(**options), context=CONTEXT, catalogue=OPERATORS, log=log), log  # type: ignore[arg-type]


def test_codes_names_and_what_is_lacking(tmp_path: Path) -> None:
    found, log = read(tmp_path, [("99000", "Mang A", "", ""), ("99001", "", "", ""), ("98765", "Mạng B", "", "")])
    assert found[["commune_code", "operator"]].to_numpy().tolist() == [["99000", "Mạng A"]]
    assert one(log, "supported_operator_missing").rows.tolist() == [3]
    assert one(log, "supported_commune_unknown").rows.tolist() == [4]
    found, _ = read(tmp_path, [("99001",)], headers=("Mã xã",), operator="Mạng B")
    assert supported_on(found, ON, log) == {"99001": "Mạng B"}


@pytest.mark.parametrize(
    ("rows", "told", "codes"),
    [
        ([("99000", "Mạng A", "01/01/2026", "31/12/2030")], {"99000": "Mạng A"}, set()),
        ([("99000", "Mạng A", "", "31/10/2026")], {}, {"supported_out_of_date"}),
        ([("99000", "Mạng A", "", "01/11/2026")], {"99000": "Mạng A"}, set()),
        ([("99000", "Mạng A", "2026", "2026"), ("99001", "Mạng B", "11/2026", "11/2026")], {"99000": "Mạng A", "99001": "Mạng B"}, set()),
        ([("99000", "Mạng A", "2025", "2025"), ("99001", "Mạng B", "", "10/2026")], {}, {"supported_out_of_date"}),
        ([("99000", "Mạng A", "02/11/2026", "")], {}, {"supported_out_of_date"}),
        ([("99000", "Mạng A", "", ""), ("99000", "Mạng B", "", "")], {}, {"supported_several"}),
        ([("99000", "Mang A; Mạng B", "", ""), ("99001", "Mạng A, Mang A", "", "")], {"99001": "Mạng A"}, {"supported_several"}),
        ([("99000", "Mạng A và Mạng B", "", "")], {}, {"supported_several"}),
        ([("99000", "Mạng A", "sau Tết", ""), ("99001", "Mạng B", "", "khi có lệnh")], {}, {"supported_day_unreadable"}),
        ([("99000", "Mạng A", "", "31/12/2025"), ("99000", "Mạng B", "01/01/2026", "")], {"99000": "Mạng B"}, {"supported_out_of_date"}),
        ([("99000", "Mạng A", "", ""), ("99000", "Mạng A", "01/01/2020", ""), ("99001", "Mạng B", "", "")], {"99000": "Mạng A", "99001": "Mạng B"}, set()),
    ],
)
def test_who_is_supported_on_a_day(tmp_path: Path, rows: list[tuple[str, ...]], told: dict[str, str], codes: set[str]) -> None:
    found, log = read(tmp_path, rows)
    assert supported_on(found, ON, log) == told
    assert {c for c in log.codes() if c.startswith("supported")} == codes
    assert supported_on(None, ON, log) == {}
