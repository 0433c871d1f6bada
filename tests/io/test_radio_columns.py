"""What a list says of antennas and powers reaches the cells, from station lists and cell lists alike. Made-up sites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geo.io.inputs import read_inputs
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from tests.made_up_area import area

HEAD = (
    "Nhà mạng,Mã trạm,Mã cell,Kinh độ,Vĩ độ,Công nghệ,Azimuth,Công suất (dBm),Power basis,Số cổng,Mẫu anten,Tilt cơ,Tilt điện,"
    "Suy hao feeder (dB),EIRP,RS power\n"
)  # fmt: skip
ROWS = (
    "Viettel,A1,11,105.1001,21.8001,4G,0,46,Tổng,2,ODV-065R18K,1,4,\"0,5\",,\n"
    "Viettel,A1,12,105.1001,21.8001,4G,120,43,Mỗi cổng,,ODV-065R18K,,6,,62,\n"
    "Viettel,A1,13,105.1001,21.8001,4G,240,,,,,,,,,15.2\n"
)


def _written(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("as_cells", [False, True])
def test_columns_of_antennas_and_powers(tmp_path, network_of, log, as_cells):
    path = _written(tmp_path, HEAD + ROWS, "list.csv")
    site = _written(tmp_path, "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ\nViettel,A1,105.1001,21.8001\n", "sites.csv")
    network = network_of([site] if as_cells else [path], area(), cells=[path] if as_cells else [])
    cells = network.cells.set_index("cell_id").loc[["11", "12", "13"]]
    nan = np.nan
    assert cells["power_basis"].tolist() == ["total", "per_port", ""]
    assert cells["antenna_model"].tolist() == ["ODV-065R18K", "ODV-065R18K", ""]
    for name, expected in {
        "ports": [2, nan, nan], "mechanical_tilt_deg": [1, nan, nan], "electrical_tilt_deg": [4, 6, nan],
        "tilt_deg": [5, 6, nan], "feeder_loss_db": [0.5, nan, nan], "eirp_dbm": [nan, 62, nan],
        "pilot_power_dbm": [nan, nan, 15.2], "power_dbm": [46, 43, nan],
    }.items():  # fmt: skip
        np.testing.assert_array_equal(cells[name].to_numpy(float), expected, err_msg=name)
    assert not log.has_errors


@pytest.mark.parametrize("as_cells", [False, True])
@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Công suất mỗi port (W)", "W"), ("Công suất mỗi cổng (W)", "W"), ("Công suất/port (W)", "W"), ("Công suất (W/port)", "W"),
        ("Công suất (mỗi cổng)", "W"), ("Công suất/port (dBm)", "dBm"), ("Công suất mỗi cổng [dBm]", "dBm"),
        ("Power per port (dBm)", "dBm"), ("power_per_port_w", "W"),
    ],
)  # fmt: skip
def test_a_power_whose_header_says_per_port(tmp_path, network_of, log, header, unit, as_cells):
    rows = (
        f"Nhà mạng,Mã trạm,Mã cell,Kinh độ,Vĩ độ,Công nghệ,Azimuth,{header},Công suất phát (W),Loại công suất,Số port,Loại ăng-ten\n"
        "Viettel,A1,11,105.1001,21.8001,4G,0,20,,,4,ODV-065R18K\n"
        "Viettel,A1,12,105.1001,21.8001,4G,120,20,80,Tổng,4,ODV-065R18K\n"
        "Viettel,A1,13,105.1001,21.8001,4G,240,,,,2,\n"
    )  # fmt: skip
    path = _written(tmp_path, rows, "list.csv")
    site = _written(tmp_path, "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ\nViettel,A1,105.1001,21.8001\n", "sites.csv")
    network = network_of([site] if as_cells else [path], area(), cells=[path] if as_cells else [])
    cells = network.cells.set_index("cell_id").loc[["11", "12", "13"]]
    one_port = 10 * np.log10(20) + 30 if unit == "W" else 20.0
    np.testing.assert_allclose(cells["power_dbm"], [one_port, 10 * np.log10(80) + 30, np.nan])
    assert cells["power_basis"].tolist() == ["per_port", "total", ""], "the carrier's own power goes first, with its own basis"
    assert cells["ports"].tolist() == [4, 4, 2]
    assert cells["antenna_model"].tolist() == ["ODV-065R18K", "ODV-065R18K", ""]
    assert not {"columns_unused", "columns_unused_weighty"} & log.codes()


@pytest.mark.parametrize(("model", "ports"), [("Loại anten", "Số cổng"), ("Model anten", "Số port"), ("Loại ăng-ten", "Số cổng phát")])
def test_other_headers_of_operators_lists(tmp_path, network_of, log, model, ports):
    head = f"Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công nghệ,Loại công suất,{ports},{model}\n"
    path = _written(tmp_path, head + "Viettel,A1,105.1,21.8,4G,Mỗi port,4,ODV\n", "list.csv")
    (cell,) = network_of([path], area()).cells.itertuples()
    assert (cell.power_basis, cell.ports, cell.antenna_model) == ("per_port", 4, "ODV")


def test_an_unused_header_about_power_is_a_warning(tmp_path, network_of, log):
    head = "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Công suất nguồn,Port báo cáo,Report,Cường độ\n"
    network_of([_written(tmp_path, head + "Viettel,A1,105.1,21.8,5,1,2,3\n", "list.csv")], area())
    said = {f.kind.code: (str(f.kind.severity), f.came) for f in log if f.kind.code.startswith("columns_unused")}
    assert {code: severity for code, (severity, _) in said.items()} == {"columns_unused": "info", "columns_unused_weighty": "warning"}
    assert "Công suất nguồn, Port báo cáo" in str(said["columns_unused_weighty"])
    assert "Report, Cường độ" in str(said["columns_unused"])


def test_a_list_without_these_columns_leaves_them_unknown(tmp_path, network_of, log):
    cells = network_of([_written(tmp_path, "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ\nViettel,A1,105.1,21.8\n", "s.csv")], area()).cells
    assert cells["antenna_model"].tolist() == cells["power_basis"].tolist() == [""]
    for name in ("ports", "mechanical_tilt_deg", "electrical_tilt_deg", "feeder_loss_db", "eirp_dbm", "pilot_power_dbm"):
        assert cells[name].isna().all(), name


def test_the_project_file_says_what_all_powers_of_a_list_mean(tmp_path, network_of, log):
    path = _written(tmp_path, HEAD + ROWS, "list.csv")
    told = InputFile("sites", path, "list.csv", TableOptions(extra={"power_basis": "per_port", "ports": 4}))
    cells = network_of([told], area()).cells.set_index("cell_id").loc[["11", "12", "13"]]
    assert cells["power_basis"].tolist() == ["total", "per_port", "per_port"]  # what a row says itself goes first
    assert cells["ports"].tolist() == [2, 4, 4]
    plain = _written(tmp_path, "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ\nViettel,A1,105.1,21.8\n", "s.csv")
    told = InputFile("sites", plain, "s.csv", TableOptions(extra={"power_basis": "total", "ports": 2}))
    cells = network_of([told], area()).cells
    assert (cells["power_basis"].tolist(), cells["ports"].tolist()) == (["total"], [2])


@pytest.mark.parametrize("extra", [{"power_basis": "each"}, {"ports": 0}, {"ports": "two"}, {"ports": True}])
def test_what_powers_cannot_mean_is_said(tmp_path, network_of, log, extra):
    path = _written(tmp_path, HEAD + ROWS, "list.csv")
    network_of([InputFile("sites", path, "list.csv", TableOptions(extra=extra))], area())
    (said,) = [f for f in log if f.kind.code == "file_unreadable"]
    (name,) = extra
    assert f"{name} = " in said.fields["message_vi"]
    assert f"{name} = " in said.fields["message_en"]


@pytest.mark.parametrize(
    ("azimuths", "unknown"),
    [(["0"] * 6, True), (["0", "360", "", "0", "0", "0", "0"], True), (["0"] * 5, False), (["0"] * 6 + ["120"], False)],
)
def test_a_list_of_nothing_but_zeros_does_not_know_its_azimuths(tmp_path, network_of, log, azimuths, unknown):
    rows = [f"Viettel,A{i // 3},{i},105.{i // 3}001,21.8,4G,{a}\n" for i, a in enumerate(azimuths)]
    path = _written(tmp_path, "Nhà mạng,Mã trạm,Mã cell,Kinh độ,Vĩ độ,Công nghệ,Azimuth\n" + "".join(rows), "list.csv")
    cells = network_of([path], area()).cells
    assert cells["azimuth_deg"].isna().all() == unknown
    assert ("azimuth_all_zero" in {f.kind.code for f in log}) == unknown


def test_a_mast_kind_is_no_antenna_model(tmp_path, network_of, log):
    text = "Nhà mạng,Mã trạm,Kinh độ,Vĩ độ,Loại anten (Tự đứng/Dây co)\nViettel,A1,105.1,21.8,Dây co\n"
    assert network_of([_written(tmp_path, text, "s.csv")], area()).cells["antenna_model"].tolist() == [""]


def test_a_project_names_antenna_files(tmp_path, project, log):
    folder = tmp_path / "antennas"
    folder.mkdir()
    cut = "\n".join(f"{a} 0" for a in range(360))
    good = f"NAME Thử\nFREQUENCY 900\nGAIN 10 dBi\nTILT 0\nHORIZONTAL 360\n{cut}\nVERTICAL 360\n{cut}\n"
    _written(folder, good, "a.msi")
    _written(folder, "NAME b\nGAIN 10 dBi\n", "b.msi")
    found = read_inputs(replace(project, inputs={"antenna_patterns": ({"path": "antennas/*.msi"},)}), log)
    assert found.antennas is not None
    assert [p.name for p in found.antennas.patterns] == ["Thử"]
    assert [f.file for f in found.files] == ["antennas/a.msi", "antennas/b.msi"]
    (refused,) = [f for f in log if f.kind.code == "file_unreadable"]
    assert refused.source.file == "antennas/b.msi"
    assert "HORIZONTAL" in refused.fields["message_vi"]
    assert "input_not_read" not in log.codes()
    assert read_inputs(project, log).antennas is None
