"""Population per commune: joined by code, doubted where it must be, never mended. Small files are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.boundaries import read_boundaries
from geo.io.population import read_population_table, state_overlapping_files
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.polygons import area_km2
from geo.validation import Finding, IssueLog
from tests.made_up_area import units

UNITS = units(columns=3, rows=2).assign(area_km2=lambda u: area_km2(u.geometry.to_numpy()))  # 114 km² each


def people(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Mã xã": [f"9900{i}" for i in range(6)],
            "Tên xã": UNITS["commune_name"],
            "Dân số": ["11000", "12500", "9800", "10400", "8700", "15200"],
            "Số hộ": ["2700", "3100", "2400", "2600", "2100", "3800"],
        }
    )
    return frame.assign(**changes)


def read(frame: pd.DataFrame | Path, folder: Path, *, communes: pd.DataFrame = UNITS, **options: object) -> tuple[pd.DataFrame, IssueLog]:
    path = frame if isinstance(frame, Path) else folder / "population.csv"
    if not isinstance(frame, Path):
        frame.to_csv(path, index=False)
    log = IssueLog(issue_catalogue())
    result = read_population_table(path, file=path.name, options=TableOptions(**options), units=communes, log=log)  # type: ignore[arg-type]
    return result, log


def one(log: IssueLog, code: str) -> Finding:
    found = [f for f in log if f.kind.code == code]
    assert len(found) == 1, f"{code}: {len(found)} findings among {sorted(log.codes())}"
    return found[0]


def booked(log: IssueLog) -> tuple[int, int, int]:
    (count,) = log.counts
    return count.rows_in, count.rows_used, count.rows_dropped


def test_a_plain_table(tmp_path: Path) -> None:
    result, log = read(people(), tmp_path)
    assert log.codes() == set()
    assert result.columns.tolist() == ["commune_code", "population", "households", "file", "sheet", "row"]
    assert result["population"].tolist() == [11000, 12500, 9800, 10400, 8700, 15200]
    assert result["row"].tolist() == [2, 3, 4, 5, 6, 7]
    assert booked(log) == (6, 6, 0)


def test_thousands_marks_of_an_office(tmp_path: Path) -> None:
    result, log = read(people(**{"Dân số": ["11.000", "12.500", "9.800", "10.400", "8.700", "15.200"]}), tmp_path)
    assert result["population"].tolist() == [11000, 12500, 9800, 10400, 8700, 15200]
    assert log.codes() == set()


@pytest.mark.parametrize(
    ("value", "why"),
    [("110", "110 (0.96/km²)"), ("1900", "1900 (16.6/km²)"), ("0", "0 (0/km²)"), ("1900000", "1900000 (1.66e+04/km²)")],
)
def test_implausible_populations_are_stated_and_kept(value: str, why: str, tmp_path: Path) -> None:
    crowded = UNITS.assign(area_km2=UNITS["area_km2"].where(UNITS.index != 0, 11.0)) if value == "1900000" else UNITS
    result, log = read(people(**{"Dân số": [value, "12500", "9800", "10400", "8700", "15200"], "Số hộ": ""}), tmp_path, communes=crowded)
    finding = one(log, "population_implausible")
    assert finding.rows.tolist() == [2]
    assert value in finding.came[0]
    if value != "1900000":
        assert finding.came[0].endswith(why)
    assert result["population"][0] == float(value)
    assert booked(log) == (6, 6, 0)


def test_a_twentieth_of_the_median_density_is_doubted(tmp_path: Path) -> None:
    frame = people(**{"Dân số": ["60000", "65000", "62000", "61000", "70000", "3000"], "Số hộ": ""})
    assert one(read(frame, tmp_path)[1], "population_implausible").rows.tolist() == [7]


def test_special_zones_may_be_empty(tmp_path: Path) -> None:
    islands = UNITS.assign(commune_name=["Đặc khu Mẫu", *UNITS["commune_name"][1:]])
    frame = people(**{"Dân số": ["153", "12500", "9800", "10400", "8700", "15200"], "Số hộ": ""}).drop(columns="Tên xã")
    assert "population_implausible" not in read(frame, tmp_path, communes=islands)[1].codes()


def test_household_size(tmp_path: Path) -> None:
    frame = people(**{"Số hộ": ["2700", "3100", "100", "20000", "2100", "3800"]})
    assert one(read(frame, tmp_path)[1], "household_size_implausible").rows.tolist() == [4, 5]


def test_empty_rows_and_empty_numbers(tmp_path: Path) -> None:
    result, log = read(people(**{"Dân số": ["", "12500", "n/a", "10400", "8700", "15200"], "Mã xã": ["99000", "99001", "99002", "", "99004", "99005"]}), tmp_path)
    assert one(log, "population_unknown").rows.tolist() == [2, 4]
    assert one(log, "required_value_missing").rows.tolist() == [5]
    assert np.isnan(result["population"][0])
    assert one(log, "population_commune_missing").came.tolist() == ["Xã Mẫu Sơn 3 (99003)"]
    assert booked(log) == (6, 5, 1)


def test_two_columns_that_differ(tmp_path: Path) -> None:
    frame = people().rename(columns={"Dân số": "population"})
    frame["population_3dmap"] = ["110000", "12501", "", "10400", "8700", "15200"]
    result, log = read(frame, tmp_path)
    finding = one(log, "population_columns_differ")
    assert finding.rows.tolist() == [2, 4]
    assert finding.came.tolist() == ["11000 ≠ 110000", "9800 ≠ nan"]
    assert finding.fields["total"] == "67600"
    assert finding.fields["other_total"] == "156801"
    assert result["population"][0] == 11000
    chosen, log = read(frame, tmp_path, columns={"population": "population_3dmap"})
    assert chosen["population"][0] == 110000
    assert one(log, "population_columns_differ").fields["taken"] == "population_3dmap"


def test_two_columns_that_agree_need_no_word(tmp_path: Path) -> None:
    frame = people().rename(columns={"Dân số": "population"})
    frame["population_3dmap"] = frame["population"]
    assert read(frame, tmp_path)[1].codes() == set()


def test_communes_of_elsewhere_are_left_aside(tmp_path: Path) -> None:
    frame = pd.concat([people(), people().iloc[[0]].assign(**{"Mã xã": "01234"})])
    result, log = read(frame, tmp_path)
    assert one(log, "population_not_of_project").rows.tolist() == [8]
    assert booked(log) == (7, 6, 1)
    assert len(result) == 6


def test_a_table_of_elsewhere_is_refused(tmp_path: Path) -> None:
    result, log = read(people(**{"Mã xã": [f"0123{i}" for i in range(6)]}), tmp_path)
    one(log, "population_none_of_project")
    assert log.has_errors
    assert result.empty
    assert booked(log) == (6, 0, 6)


def test_codes_that_lost_their_zeros(tmp_path: Path) -> None:
    south = units(columns=3, rows=2, code="04").assign(area_km2=114.0)
    frame = people(**{"Mã xã": [str(4000 + i) for i in range(6)], "Tên xã": south["commune_name"]})
    result, log = read(frame, tmp_path, communes=south)
    assert result["commune_code"].tolist() == [f"0400{i}" for i in range(6)]
    assert one(log, "code_zeros_restored").count == 6


def test_names_that_do_not_belong_to_the_code(tmp_path: Path) -> None:
    names = UNITS["commune_name"].tolist()
    result, log = read(people(**{"Tên xã": [names[0], names[2], names[1], "", "mau thuy 4".replace("mau thuy", "TÂN MẪU"), names[5]]}), tmp_path)
    assert one(log, "population_name_differs").rows.tolist() == [3, 4]
    assert result["population"].tolist()[1] == 12500


def test_repeated_rows(tmp_path: Path) -> None:
    frame = pd.concat([people(), people().iloc[[0, 1]]], ignore_index=True)
    frame.loc[7, "Dân số"] = "99999"
    result, log = read(frame, tmp_path)
    assert one(log, "population_row_repeated").rows.tolist() == [8]
    assert one(log, "population_rows_differ").rows.tolist() == [9]
    assert result["population"][0] == 11000
    assert np.isnan(result["population"][1])
    assert result["households"][1] == 3100
    assert booked(log) == (8, 6, 2)


def test_a_sheet_for_each_province(tmp_path: Path) -> None:
    path = tmp_path / "population.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        people().iloc[:3].to_excel(book, sheet_name="A", index=False)
        people().iloc[2:].to_excel(book, sheet_name="B", index=False)
    result, log = read(path, tmp_path)
    repeated = one(log, "population_row_repeated")
    assert (repeated.source.sheet, repeated.rows.tolist()) == ("B", [2])
    assert "population_commune_missing" not in log.codes()
    assert result["commune_code"].is_unique
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(3, 3, 0), (4, 3, 1)]


def test_a_commune_in_two_files_stops_the_run(tmp_path: Path) -> None:
    one_file, log = read(people(), tmp_path)
    state_overlapping_files(one_file, log)
    assert log.codes() == set()
    other = one_file.iloc[[4]].assign(file="other.csv", row=2)
    state_overlapping_files(pd.concat([one_file, other], ignore_index=True), log)
    finding = one(log, "population_files_overlap")
    assert (finding.source.file, finding.rows.tolist(), finding.came.tolist()) == ("other.csv", [2], ["99004"])
    assert log.has_errors


def test_a_table_without_population_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="population"):
        read(people().drop(columns="Dân số"), tmp_path)


def test_tuyen_quang_with_population(shared_dir: Path, tmp_path: Path) -> None:
    folder = shared_dir / "data" / "vietnam"
    log = IssueLog(issue_catalogue())
    communes = read_boundaries(
        folder / "communes_tuyen_quang_full_resolution.parquet", file="communes.parquet", options=TableOptions(),
        project_provinces=("08",), log=log,
    )  # fmt: skip
    result, log = read(folder / "commune_population.csv", tmp_path, communes=communes)
    assert booked(log) == (3321, 124, 3197)
    assert set(result["commune_code"]) == set(communes["commune_code"])
    assert result["population"].sum() == 1_590_729
    rival = one(log, "population_columns_differ")
    assert rival.count == 87
    assert rival.fields["other_total"] == "1858056"
    assert (int(rival.fields["odd"]), int(rival.fields["other_odd"])) == (14, 1)
    assert "Phường Minh Xuân: 72 (1.61/km²)" in one(log, "population_implausible").came.tolist()
    saner, _ = read(folder / "commune_population.csv", tmp_path, communes=communes, columns={"population": "population_3dmap"})
    assert saner["population"].sum() == 1_858_056


def test_the_whole_countrys_table(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "data" / "vietnam" / "commune_population.csv"
    table = pd.read_csv(path, dtype=str)
    communes = pd.DataFrame({"commune_code": table["code"], "commune_name": table["fullName"],
                             "province_code": table["province_code"].str.zfill(2), "area_km2": table["areaKm2"].astype(float)})  # fmt: skip
    result, log = read(path, tmp_path, communes=communes)
    assert booked(log) == (3321, 3321, 0)
    assert one(log, "population_unknown").came.tolist() == ["Đặc khu Vân Đồn", "Đặc khu Hoàng Sa"]
    assert one(log, "code_zeros_restored").column == "province_code"
    rival = one(log, "population_columns_differ")
    assert rival.fields["total"] == "101410246"
    assert rival.fields["other_total"] == "113673249"
    assert rival.count == 596  # 592, and four where one of the two is empty
    # of the rows that are 9 times or more too low, most are doubted without the other column
    factor = table["population_3dmap"].astype(float) / table["population"].astype(float)
    low = set(np.flatnonzero(factor > 9) + 2)
    doubted = set(one(log, "population_implausible").rows.tolist())
    assert len(low & doubted) / len(low) > 0.5
    assert len(doubted - low) < 30
    assert len(result) == 3321
