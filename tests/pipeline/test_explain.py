"""From a figure back to cells, rule, rows and files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.coverage import Reason
from geo.crs import to_wgs84
from geo.errors import InputError
from geo.pipeline.analysis import Analysis, analyse
from geo.pipeline.chain import RunChains
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain import _CELL_FACTS, _class_line, _lacking, explain
from geo.pipeline.explain_lines import level_lines
from geo.pipeline.signal import explain_signal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    project = tiny_project(tmp_path_factory.mktemp("project"), cell_size_m=500)
    return analyse(project, tmp_path_factory.mktemp("out"), executor=SerialExecutor())


def text_of(folder: Path, code: str, language: str) -> str:
    lines = []
    for section in explain(folder, code):
        lines.append(section.title.text(language))
        lines += [f"  {line.text(language)}" for line in section.lines]
    return "\n".join(lines)


def test_a_village_is_traced_to_rows_rules_and_files(run: Analysis) -> None:
    said = text_of(run.folder, "T1", "en")
    assert said.startswith("Village T1 – Thôn 1, commune 99001\n")
    assert "village: villages.csv, row 2" in said
    assert "nearest site A1 (Mạng A" in said
    assert "sites.csv, row 2" in said
    assert "Mạng A 4G: predicted: served; level -" in said
    assert "Threshold 4G: -110 dBm – rule planning_level_4g" in said
    assert any(f"Class: {name} – " in said for name in ("served", "one operator only", "undecided"))
    assert said.index("Class: ") < said.index("Levels in the grid cell") < said.index("Figures of the tables")
    checksum = hashlib.sha256((run.project.folder / "dem.tif").read_bytes()).hexdigest()
    assert f"dem.tif: SHA-256 {checksum}" in said
    assert "free space and delta-Bullington diffraction" in said


def test_a_commune_is_traced_to_its_cells(run: Analysis) -> None:
    said = text_of(run.folder, "99002", "vi")
    assert said.startswith("Xã 99002 – Xã Thử 2\n")
    counts = [int(line.split(": ")[-1].split()[0]) for line in said.splitlines() if line.endswith(" ô lưới")]
    assert sum(counts) == pytest.approx(5.17 * 5.54 / 0.25, rel=0.06)  # 0.05 degrees a side, cells of 500 m
    assert "ranh giới xã: communes.geojson" in said
    assert "population.tif" in said
    assert "T3" in said


def test_both_languages_say_the_same_number_of_things(run: Analysis) -> None:
    for code in ("T1", "99002", "A1"):
        assert text_of(run.folder, code, "vi").count("\n") == text_of(run.folder, code, "en").count("\n")


def test_an_unknown_code_is_answered_with_those_like_it(run: Analysis) -> None:
    with pytest.raises(InputError) as caught:
        explain(run.folder, "thu 3")
    assert "99003 (Xã Thử 3)" in caught.value.message.vi
    with pytest.raises(InputError, match="–"):
        explain(run.folder, "{nothing}")


def test_a_folder_without_a_run_is_said(run: Analysis, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"analyze\.py"):
        explain(tmp_path, "T1")
    with pytest.raises(InputError, match=r"analyze\.py"):
        explain(run.folder / "index.html", "T1")
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    shutil.rmtree(copy / ".stages")
    with pytest.raises(InputError, match=r"\.stages"):
        explain(copy, "T1")


def test_the_command(run: Analysis, project_root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(project_root), "PYTHONUTF8": "1"}
    line = [sys.executable, str(project_root / "scripts" / "explain.py"), str(run.folder)]
    good = subprocess.run(
        [*line, "T1"], env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith(text_of(run.folder, "T1", "vi") + "\nĐường truyền sóng đến Thôn 1 (T1)\n")
    paths = explain_signal(run.folder, "T1")
    assert paths is not None
    assert sum(len(section.lines) + 1 for section in paths.sections) < good.stdout.count("\n")
    bad = subprocess.run(
        [*line, "T9"], env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("Lỗi: Không thôn, cơ sở, xã, trạm, vùng lõm sóng hay mục nào của sổ theo dõi có mã 'T9'")


def test_the_sentences_exist_in_both_languages(project_root: Path) -> None:
    import tomllib

    for name in ("explain.toml", "analysis.toml"):
        content = tomllib.loads(
            (project_root / "geo" / "resources" / "results" / name).read_text(encoding="utf-8")
        )
        for section in content.values():
            for entry in section.values():
                assert set(entry) == {"vi", "en"}, json.dumps(entry, ensure_ascii=False)


def test_a_site_is_traced_to_its_cells_and_rows(run: Analysis) -> None:
    said = text_of(run.folder, "A1", "vi")
    assert said.startswith("Trạm A1 – Mạng A\n")
    assert "Trạng thái: Đang phát sóng" in said
    cells = said.split("Cell của trạm\n")[1].split("\nDòng dữ liệu")[0].splitlines()
    ours = [line for line in cells if " 4G; " in line]
    assert len(ours) == 3
    assert "A10: 4G; Đang phát sóng; tần số 1842,5 MHz, góc phương vị 0°, ăng-ten cao 38 m, công suất 46 dBm" in ours[0]
    assert all("thiếu" in line for line in cells if " 3G; " in line)
    lacks = {line.split(": ")[1].split(";")[0]: line.split("; thiếu ")[1] for line in cells}
    for name in ("góc cúi", "suy hao phi đơ", "số cổng phát", "công suất tính tổng hay theo cổng"):
        assert name in lacks["4G"]
    assert not any(name in lacks["4G"] for name in ("công suất,", "tần số", "băng thông"))
    assert "hướng ăng-ten" in lacks["3G"]
    assert "băng thông" not in lacks["3G"]
    assert "trạm: sites.csv, dòng 2" in said
    assert "cell A10: cells.csv, dòng 2" in said
    assert "Là trạm gần nhất của các thôn: T1 (" in said
    assert text_of(run.folder, "A1", "en").startswith("Site A1 – Mạng A\n")


@pytest.mark.parametrize(("technology", "asked"), [("2G", False), ("3G", False), ("4G", True)])
def test_a_cell_that_was_not_predicted_lacks_what_its_list_lacks(technology: str, asked: bool) -> None:
    cell = pd.Series(dict.fromkeys(_CELL_FACTS, np.nan) | {"power_dbm": 46.0, "technology": technology})
    lacks = [name.vi for name in _lacking(cell)]
    assert ("băng thông" in lacks) is asked
    assert "độ lợi ăng-ten" in lacks
    assert "công suất" not in lacks


def test_reasons_are_words_and_nothing_empty_is_listed(run: Analysis) -> None:
    for code in ("T1", "T4", "99002"):
        said = text_of(run.folder, code, "vi")
        figures = said.split("Các số trong bảng\n")[1].split("\nDòng dữ liệu")[0]
        assert "chưa biết [" not in figures
        assert "cột không có số liệu" in figures
        assert not any(f"={why}" in said or f"lý do: {why}" in said for why in ("uncertain", "terrain", "neighbour_sites", "no_level"))
    both = text_of(run.folder, "T1", "vi") + text_of(run.folder, "T4", "vi") + text_of(run.folder, "T5", "vi")
    assert "; lý do: " in both


def test_a_point_has_the_levels_of_its_grid_cell(run: Analysis) -> None:
    village, point = text_of(run.folder, "T3", "vi"), text_of(run.folder, "105,67; 21,83", "vi")
    assert point.startswith("Điểm kinh độ 105,67000, vĩ độ 21,83000\n")
    levels = [line for line in village.splitlines() if line.startswith("  Mạng ") and "ngưỡng" in line]
    assert len(levels) >= 4
    assert all(line in point for line in levels)
    assert "ngoài lưới" in text_of(run.folder, "108.1,21.83", "vi")
    with pytest.raises(InputError, match="kinh độ rồi vĩ độ"):
        explain(run.folder, "105,67,21,83")


def test_a_level_of_the_project_s_own_is_called_so(run: Analysis) -> None:
    done = CompletedRun(run.folder)
    coverage = replace(done.predicted.coverage, layers=(*done.predicted.coverage.layers[:-1], ("Mạng B", "5G")))
    done.predicted = replace(done.predicted, coverage=coverage)
    levels = {**done.settings["coverage"]["levels_dbm"], "5G": -112.0, "3G": -90.0}
    done.settings = {**done.settings, "coverage": {**done.settings["coverage"], "levels_dbm": levels}}
    said = [line.vi for line in level_lines(done, 105.67, 21.83) if line.vi.startswith("Ngưỡng ")]
    assert said[0] == "Ngưỡng 3G: -90 dBm – do dự án đặt ([settings] levels_dbm)"
    assert said[1].startswith("Ngưỡng 4G: -110 dBm – quy tắc planning_level_4g, ")
    assert said[2:] == ["Ngưỡng 5G: -112 dBm – do dự án đặt ([settings] levels_dbm)"]


def test_every_state_says_why_and_no_level_is_not_an_unknown_level(run: Analysis) -> None:
    done = CompletedRun(run.folder)
    coverage = done.predicted.coverage
    cell = done.grid_cell(105.67, 21.83)
    assert cell is not None
    i = coverage.index("Mạng A", "4G")

    def said(**values: float) -> str:
        arrays = {name: np.array(getattr(coverage, name)) for name in ("state", "reason", "level_dbm", "probability", "margin_sd")}
        for name, value in values.items():
            arrays[name][(i, *cell)] = value
        done.predicted = replace(done.predicted, coverage=replace(coverage, **arrays))
        return next(line.vi for line in level_lines(done, 105.67, 21.83) if line.vi.startswith("Mạng A 4G: "))

    between = {"state": 3, "reason": 0, "level_dbm": -108.0, "probability": 0.4, "margin_sd": -0.2}
    assert said(**between) == "Mạng A 4G: chưa chắc chắn; mức -108,0 dBm, ngưỡng -110 dBm, xác suất 0,400; lý do: xác suất nằm giữa hai ngưỡng"
    assert said(**{**between, "probability": 0.97}).endswith("xác suất 0,970; lý do: số đo ngay trong ô trái với xác suất")
    assert said(**{**between, "probability": np.nan}).endswith("chỗ thiếu độ cao có thể che một cell mạnh hơn, nên không nêu xác suất")
    nothing = {"state": 4, "reason": 0, "level_dbm": np.nan, "probability": 0.0, "margin_sd": -np.inf}
    assert "mức không có (không cell nào trong tầm 15 km), ngưỡng" in said(**nothing)
    assert "mức chưa biết, ngưỡng" in said(**{**nothing, "margin_sd": np.nan, "probability": np.nan, "state": 6, "reason": 1})


@pytest.mark.parametrize(
    ("name", "serving", "best", "wanted"),
    [
        ("served", "Mạng A; Mạng B", "4G", "có sóng – có sóng của Mạng A, Mạng B, công nghệ tốt nhất 4G"),
        ("no_4g", "Mạng A", "3G", "chưa có 4G – tốt nhất là 3G (Mạng A); 4G, 5G được kết luận là không"),
        ("voice_only", "Mạng B", "2G", "chỉ có 2G – chỉ 2G phủ (Mạng B); 3G, 4G, 5G được kết luận là không"),
        ("single_operator", "Mạng B", "4G", "một nhà mạng – chỉ Mạng B phủ, các nhà mạng khác được kết luận là không"),
        ("white", "", "", "trắng sóng – mọi nhà mạng đều không phủ điểm đại diện"),
        ("weak", "Mạng A", "4G", "lõm sóng – điểm đại diện được phủ (Mạng A), nhưng một cụm từ 10 hộ thì không nhà mạng nào phủ"),
        ("undecided", "", "4G", "chưa đủ căn cứ – không nhà mạng nào phủ chắc chắn, có nhà mạng chưa kết luận được"),
    ],
)
def test_every_class_is_told_with_who_serves(run: Analysis, name: str, serving: str, best: str, wanted: str) -> None:
    row = pd.Series({"class": name, "operators_serving": serving, "best_technology": best})
    assert _class_line(CompletedRun(run.folder), row, "10").vi == f"Phân loại: {wanted}"


def test_an_uncorrected_run_s_chain_is_its_raster_and_its_default_error(run: Analysis) -> None:
    chains = RunChains(CompletedRun(run.folder))
    cells = np.argwhere(np.asarray(chains.run.predicted.index) >= 0)[::37]
    seen = other = 0
    for cell in cells:
        for figures in chains.at((int(cell[0]), int(cell[1]))):
            if not (np.isfinite(figures.level_dbm) and figures.chain is not None):
                continue
            assert figures.fused is None
            assert figures.sum_dbm == pytest.approx(figures.level_dbm, abs=1e-4)
            if np.isfinite(figures.probability):
                assert figures.sum_probability == pytest.approx(figures.probability, abs=1e-5)
                seen += 1
            other += figures.chain.decides.index != figures.chain.server.index
    assert seen > 15
    said = text_of(run.folder, "T1", "vi")
    assert "Sai số của mô hình (giá trị mặc định, chưa có số đo): 8,0 dB" in said
    assert "Hiệu chỉnh" not in said


def test_a_site_without_a_position_is_explained(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, cell_size_m=1000)
    with (tmp_path / "sites.csv").open("a", encoding="utf-8") as stream:
        stream.write('B9,Mạng B,,,on_air,40,"3G,4G"\n')
    folder = analyse(project, tmp_path / "out", executor=SerialExecutor()).folder
    said = text_of(folder, "B9", "vi")
    assert said.startswith("Trạm B9 – Mạng B\n  Chưa rõ vị trí: ")
    assert "trạm: sites.csv, dòng 6" in said
    coverage = CompletedRun(folder).predicted.coverage
    _, row, column = np.argwhere(np.asarray(coverage.reason) == Reason.UNPLACED_SITES)[0]
    x, y = coverage.grid.centres()
    lon, lat = to_wgs84([x[column]], [y[row]], coverage.grid.epsg)
    unknown = text_of(folder, f"{lon[0]:.6f}, {lat[0]:.6f}", "vi").splitlines()
    assert any(line.startswith("  Trạng thái: chưa có dữ liệu (có trạm chưa rõ vị trí)") for line in unknown)
    assert any(line.endswith("; lý do: có trạm chưa rõ vị trí") for line in unknown)


def test_numbers_have_the_language_s_decimal_mark(run: Analysis) -> None:
    for code in ("T1", "T3", "A1", "99002"):
        vi, en = text_of(run.folder, code, "vi"), text_of(run.folder, code, "en")
        shown = "\n".join(line for line in vi.splitlines() if not re.search(r"SHA-256|vungphu|\.csv|[a-z]\.tif", line))
        assert not re.search(r"\d\.\d(?!\d\d)", shown), code
        assert not re.search(r"\d,\d(?!\d\d)", "\n".join(line for line in en.splitlines() if "SHA" not in line)), code


def test_a_site_s_code_is_found_by_part_of_it(run: Analysis) -> None:
    with pytest.raises(InputError) as caught:
        explain(run.folder, "a")
    assert "A1" in caught.value.message.en
