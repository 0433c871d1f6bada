"""Paths to a point of a run: equal to the run's own levels, parts that add up, and what cannot be said is said."""

from __future__ import annotations

import html
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
import rasterio
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.coverage.point import CellSignal, cell_signals, cells_in_reach, choose_cells
from geo.crs import to_wgs84
from geo.errors import InputError
from geo.io.files import read_json, write_json
from geo.io.run_folder import MANIFEST
from geo.io.stage_files import read_frame, write_frame
from geo.pipeline.analysis import Analysis, analyse
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain import explain
from geo.pipeline.signal import SignalExplained, explain_signal, write_signal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    project = tiny_project(tmp_path_factory.mktemp("project"), cell_size_m=500)
    return analyse(project, tmp_path_factory.mktemp("project") / "out", executor=SerialExecutor())


def explained(run: Analysis, code: str, language: str = "vi", project: Path | None = None) -> SignalExplained:
    found = explain_signal(run.folder, code, language=language, project_file=project or run.project.path)
    assert found is not None
    return found


def said(found: SignalExplained, language: str = "vi") -> str:
    return "\n".join(t.text(language) for section in found.sections for t in (section.title, *section.lines))


def signals(run: Analysis, lon: float, lat: float, *, every: bool = False) -> list[CellSignal]:
    done = CompletedRun(run.folder)
    radio = done.radio_cells()
    assert radio is not None
    where = {"lon": lon, "lat": lat, "grid": done.predicted.coverage.grid, "ground": done.ground(run.project.path), "settings": done.coverage_settings}  # fmt: skip
    near = cells_in_reach(*radio, **where)
    return list(cell_signals(near if every else choose_cells(near, 3), radio[1], **where))


def test_the_sweep_s_levels_are_those_of_the_run(run: Analysis) -> None:
    coverage = CompletedRun(run.folder).predicted.coverage
    x, y = coverage.grid.centres()
    seen = 0
    for row, column in ((3, 4), (8, 15), (12, 9), (17, 2)):
        lon, lat = to_wgs84([x[column]], [y[row]], coverage.grid.epsg)
        for i, (operator, technology) in enumerate(coverage.layers):
            own = [
                s for s in signals(run, float(lon[0]), float(lat[0]), every=True)
                if (s.cell["operator"], s.cell["technology"]) == (operator, technology)
            ]  # fmt: skip
            level = coverage.level_dbm[i, row, column]
            if not own:
                assert not np.isfinite(level)
                continue
            assert np.float32(max(s.sweep_dbm for s in own)) == level
            # at the centre of a grid cell the path itself says the same within what rays and samples cost
            assert max(s.level_dbm for s in own) == pytest.approx(level, abs=2.0)
            seen += 1
    assert seen >= 8


def test_a_level_is_the_sum_of_its_parts(run: Analysis) -> None:
    for signal in signals(run, 105.67, 21.83, every=True):
        path, cell = signal.path, signal.cell
        assert path is not None
        total = cell["eirp_dbm"] - path.free_space_db - path.bullington_db - path.smooth_earth_db - path.atmosphere_db
        total -= signal.azimuth_loss_db + signal.tilt_loss_db
        assert signal.level_dbm == pytest.approx(min(total, cell["ceiling_dbm"]), abs=1e-9)
        assert 0.0 <= signal.azimuth_loss_db <= 25.0
        assert 0.0 <= signal.azimuth_loss_db + signal.tilt_loss_db <= 25.0
        if np.isnan(cell["azimuth_deg"]):
            assert signal.azimuth_loss_db == 0.0
        else:  # a parametric panel of 65 degrees: 12 (off/65)^2, at most 25 dB
            off = (signal.bearing_deg - cell["azimuth_deg"] + 180.0) % 360.0 - 180.0
            assert signal.azimuth_loss_db == pytest.approx(min(12.0 * (off / 65.0) ** 2, 25.0), abs=0.05)


def test_the_ceiling_holds_at_the_foot_of_a_mast(run: Analysis) -> None:
    near = [s for s in signals(run, 105.6152, 21.8301, every=True) if s.cell["site_id"] == "A1"]
    for signal in near:
        capped = replace(signal, cell=signal.cell.copy())
        capped.cell["ceiling_dbm"] = signal.uncapped_dbm - 5.0
        assert capped.level_dbm == signal.uncapped_dbm - 5.0


def test_the_loss_at_the_phone_s_end_is_a_part_where_the_run_has_it(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project", cell_size_m=500)
    text = project.read_text(encoding="utf-8").replace("[settings]", '[settings]\nend_loss = "p2108"\nclutter_in_profile = false')
    project.write_text(text, encoding="utf-8")
    other = analyse(project, tmp_path / "out", executor=SerialExecutor())
    assert "Cây, nhà quanh điện thoại (ITU-R P.2108): -" in said(explained(other, "T3"))
    coverage = CompletedRun(other.folder).predicted.coverage
    x, y = coverage.grid.centres()
    lon, lat = to_wgs84([x[15]], [y[8]], coverage.grid.epsg)
    for signal in signals(other, float(lon[0]), float(lat[0])):
        assert 10.0 < signal.end_loss_db < 40.0
        assert signal.level_dbm == pytest.approx(signal.sweep_dbm, abs=2.0)


def test_which_cells_are_looked_at() -> None:
    nan = np.nan
    near = pd.DataFrame(
        [
            ("A", "2G", -60.0, -95.0, 3.0),  # 35 dB above
            ("A", "4G", -70.0, -110.0, 3.0),  # 40 above
            ("A", "4G", -72.0, -110.0, 2.0),  # 38 above
            ("A", "4G", -74.0, -110.0, 1.0),  # 36 above
            ("B", "4G", -118.0, -110.0, 9.0),  # 8 below
            ("B", "5G", -50.0, nan, 1.0),  # no threshold: after B's 4G
            ("C", "4G", nan, -110.0, 5.0),  # nothing known
            ("C", "4G", nan, -110.0, 4.0),  # nor here, but nearer
        ],
        columns=["operator", "technology", "sweep_dbm", "threshold_dbm", "distance_km"],
    )
    assert choose_cells(near, 3).index.tolist() == [1, 2, 3, 4, 7]
    assert choose_cells(near, 1).index.tolist() == [1, 4, 7]
    assert choose_cells(near, 99).index.tolist() == [1, 2, 3, 0, 4, 5, 7, 6]
    assert choose_cells(near.iloc[:0], 3).empty
    without = near.assign(sweep_dbm=near["sweep_dbm"] + 20.0 * (near["technology"] == "2G"))  # now the strongest
    assert choose_cells(without, 2).index.tolist() == [0, 1, 4, 7]
    assert choose_cells(without, 2, counting=("4G", "5G")).index.tolist() == [1, 2, 4, 7]
    assert choose_cells(without, 9, counting=("4G", "5G")).index.tolist() == [1, 2, 3, 4, 0, 5, 7, 6]


def test_the_headline_is_of_technologies_that_count(run: Analysis, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    radio = table_of(folder)
    table = read_frame(radio)
    table["technology"] = table["technology"].replace("3G", "2G")
    table.loc[table["technology"] == "2G", "eirp_dbm"] += 60.0  # far above everything
    table.loc[table["technology"] == "4G", "eirp_dbm"] -= 90.0

    def ask(change: pd.DataFrame, language: str) -> tuple[str, SignalExplained]:
        written(folder, radio, change)
        found = explain_signal(folder, "T3", language=language, project_file=run.project.path)
        assert found is not None
        return found.sections[0].lines[0].text(language), found

    headline, found = ask(table, "vi")
    assert headline.startswith("Không cell nào của công nghệ được tính là có sóng có mức trung vị đạt ngưỡng ở đây. Gần nhất là Mạng ")
    assert " 4G, trạm " in headline
    headline, found = ask(table[table["technology"] == "2G"], "vi")
    assert headline == "Chưa biết mức của công nghệ nào được tính là có sóng ở đây."
    assert "2G không tính là có sóng từ ngày 16/09/2026." in said(found)
    page = html.unescape(found.files["index.html"].decode("utf-8"))
    assert re.search(r"<td>hơn \d+,\d dB \(không tính là có sóng\)</td>", page)
    assert "does not count as service from" in said(ask(table[table["technology"] == "2G"], "en")[1], "en")


def test_a_village_behind_the_ridge(run: Analysis) -> None:
    found = explained(run, "T3")
    text = said(found)
    assert "Xét 4 cell: 3 cell" in text
    assert "còn 12 cell trong tầm 15 km không xét" in text
    # A1 stands at 105.615, the village at 105.67 E, the ridge of 800 m between them at 105.65 E: 3.6 km on
    assert re.search(r"Che chắn bởi sườn núi cách trạm 3,[678] km, cao hơn đường nhìn thẳng 5[67]\d m", text)
    assert re.search(r"Vị trí chỗ che chắn: kinh độ 105,65\d+, vĩ độ 21,8[23]\d+; mặt đất cao (79|80)\d m", text)
    assert "Nguồn: sites.csv, dòng 2." in text
    # 46 dBm over 600 resource elements and two ports, with 17 dBi: the label says that it is no carrier's EIRP
    assert re.search(r"EIRP của tín hiệu mà máy đo \(4G/5G: một phần tử tài nguyên; 3G: kênh hoa tiêu\): \d\d,\d dBm", text)
    assert "hướng chính (EIRP)" not in text
    assert said(explained(run, "T3"), "en").count("\n") == text.count("\n")
    assert sorted(found.files) == ["01.svg", "02.svg", "03.svg", "04.svg", "index.html"]
    assert all(b"<title>" in found.files[name] for name in ("01.svg", "04.svg"))
    assert found.folder == "T3"
    again = explained(run, "T3")
    assert again.files == found.files


def test_the_page_is_sealed_and_in_one_language(run: Analysis) -> None:
    for language, word, other in (("vi", "Tóm tắt", "In short"), ("en", "In short", "Tóm tắt")):
        page = explained(run, "105.67, 21.83", language).files["index.html"].decode("utf-8")
        assert f'<html lang="{language}">' in page
        assert word in page
        assert other not in page
        assert "<script" not in page
        assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|style=", page)
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
        assert policy is not None
        assert policy[1].startswith("default-src 'none'")
        assert "script-src 'none'" in policy[1]
        assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 8  # each path for a desk and for a phone
        assert page.count('class="picture wide"') == 4


def test_hostile_names_stay_text(run: Analysis, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    radio = table_of(folder)
    frame = read_frame(radio)
    frame["site_id"] = "<img src=x onerror=alert(1)>${7*7}"
    written(folder, radio, frame)
    found = explain_signal(folder, "T3", project_file=run.project.path)
    assert found is not None
    for content in found.files.values():
        assert b"<img" not in content
        assert b"${" not in content
    assert "<img src=x" in said(found)  # on a terminal it is what it is


def copied(run: Analysis, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(run.folder, folder)
    return folder


def table_of(folder: Path) -> Path:
    return next(folder.glob(".stages/coverage-*/radio_cells.parquet"))


def written(folder: Path, path: Path, frame: pd.DataFrame | None) -> None:
    """Change a stage's file and its marker, as if the run had found it so."""
    from geo.io.run_folder import RunFolder

    if frame is None:
        path.unlink()
    else:
        write_frame(path, frame)
    marker = read_json(path.parent / "done.json")
    RunFolder(folder).finish(path.parent, marker["record"])


def test_what_cannot_be_said_is_said(run: Analysis, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    radio = table_of(folder)
    table = read_frame(radio)

    def ask(change: dict[str, object], code: str = "T3") -> str:
        frame = table.copy()
        for name, value in change.items():
            frame[name] = value
        written(folder, radio, frame)
        found = explain_signal(folder, code, project_file=run.project.path)
        assert found is not None
        return said(found)

    assert "Chân trạm nằm trên chỗ không có số liệu độ cao" in ask({"ground_m": np.nan})
    assert "Tần số 26.000 MHz ngoài phạm vi" in ask({"frequency_mhz": 26_000.0})
    assert "Ăng-ten cao 0,5 m ngoài phạm vi" in ask({"antenna_height_m": 0.5})
    unknown = ask({"technology": "", "eirp_dbm": np.nan})
    assert "(chưa rõ công nghệ)" in unknown
    assert "chỉ biết đường truyền, không biết mức" in unknown
    assert "Mức tại điện thoại, ngoài trời: chưa biết" in unknown
    assert "Che chắn bởi sườn núi" in unknown or "thông" in unknown
    once = re.search(r"còn (\d+) cell", unknown)
    written(folder, radio, pd.concat([read_frame(radio)] * 3))  # as such cells stand in the table: once for each layer
    thrice = explain_signal(folder, "T3", project_file=run.project.path)
    assert thrice is not None
    assert once is not None
    assert f"còn {once[1]} cell" in said(thrice)
    foot = ask({}, f"{table['lon'].iloc[0]},{table['lat'].iloc[0]}")
    assert "ngay chân trạm" in foot
    written(folder, radio, table.iloc[:0])
    found = explain_signal(folder, "T3", project_file=run.project.path)
    assert found is not None
    assert "Không có danh sách trạm nào" in said(found)
    assert found.files == {}
    written(folder, radio, None)
    found = explain_signal(folder, "T3", project_file=run.project.path)
    assert found is not None
    assert "chưa ghi lại các cell đã dự báo; hãy chạy lại analyze.py" in said(found)


def test_a_run_without_terrain_or_without_lists(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project", cell_size_m=500)
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r"terrain = .*\n", "", text), encoding="utf-8")
    blind = explained(analyse(project, tmp_path / "blind", executor=SerialExecutor()), "T3")
    assert "không dự báo cell nào (thiếu địa hình)" in said(blind)
    assert blind.files == {}
    project.write_text(text.replace('"Mạng B"]', '"Mạng B", "Mạng C"]'), encoding="utf-8")
    third = analyse(project, tmp_path / "third", executor=SerialExecutor())
    assert "Mạng C: không có danh sách trạm nên chưa biết gì" in said(explained(third, "T3"))


def test_voids_under_the_point_and_under_the_path(run: Analysis, tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "project", cell_size_m=500)
    with rasterio.open(tmp_path / "project" / "dem.tif", "r+") as target:
        values = target.read(1)
        x = np.round((105.645 - target.transform.c) / target.transform.a).astype(int)
        values[:, x : x + 2] = -9999  # from north to south between A1 and the villages of the east
        target.write(values, 1)
    broken = analyse(project, tmp_path / "out", executor=SerialExecutor())
    behind = said(explained(broken, "T3"))
    assert re.search(r"Mặt cắt đi qua chỗ không có số liệu độ cao, bắt đầu cách trạm [23],\d km: chưa biết suy hao", behind)
    over = said(explained(broken, "105.6465, 21.85"))
    assert "Điểm này nằm trên chỗ không có số liệu độ cao" in over
    assert "Không cell nào có mức để so với ngưỡng tại điểm này; xét 4 cell, còn 12 cell trong tầm 15 km không xét." in over
    assert "hơn ngưỡng" not in over


def test_outside_the_area_no_grid_cell_is_spoken_of(run: Analysis) -> None:
    inside = said(explained(run, "105.67, 21.83"))
    assert inside.count("tại ô lưới này: ") == 4
    done = CompletedRun(run.folder)
    cell = done.grid_cell(105.67, 21.83)
    assert cell is not None
    index = done.predicted.index.copy()
    index[cell] = -1
    done.predicted = replace(done.predicted, index=index)
    found = explain_signal(done, "105.67, 21.83", language="vi", project_file=run.project.path)
    assert found is not None
    assert "Điểm nằm ngoài vùng rà soát: chỉ những cell" in said(found)
    assert "Mức tại điện thoại, ngoài trời: -" in said(found)
    page = html.unescape(found.files["index.html"].decode("utf-8"))
    assert "Điểm nằm ngoài vùng rà soát: không có mức sóng nào được dự báo ở đây." in page
    assert "ô lưới này" not in said(found) + page
    lines = [line.vi for section in explain(done, "105.67, 21.83") for line in section.lines]
    assert "Điểm nằm ngoài vùng rà soát: không có mức sóng nào được dự báo ở đây." in lines
    assert not any("mức chưa biết" in line for line in lines)


def test_outside_the_grid(run: Analysis) -> None:
    near = explained(run, "105.72, 21.85")
    assert "ngoài lưới của lần chạy" in said(near)
    assert "ô lưới này" not in said(near)
    assert "index.html" in near.files
    with pytest.raises(InputError) as caught:
        explained(run, "107.0, 21.85")
    assert "ngoài lưới" in caught.value.message.vi
    assert "Không cell nào trong tầm 15 km" in caught.value.message.vi


def test_terrain_that_is_no_longer_the_run_s(run: Analysis, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(run.project.folder, home)
    moved = home / run.project.path.name
    with rasterio.open(home / "dem.tif", "r+") as target:
        target.write(target.read(1) + 1, 1)
    changed = explained(run, "T3", project=moved)
    assert "Tệp 'dem.tif' đã thay đổi" in said(changed)
    assert changed.files == {}
    shutil.copy(run.project.folder / "dem.tif", home / "dem.tif")
    assert explained(run, "T3", project=moved).files
    text = moved.read_text(encoding="utf-8")
    moved.write_text(text.replace('kind = "ground"', 'kind = "surface"'), encoding="utf-8")
    other = explained(run, "T3", project=moved)
    assert "Mục 'terrain' của tệp dự án đã khác" in said(other)
    assert other.files == {}


def test_the_project_is_found_from_the_run_folder_or_asked_for(run: Analysis, tmp_path: Path) -> None:
    home = tmp_path / "home"
    project = tiny_project(home, cell_size_m=500)
    result = analyse(project, home / "maps", executor=SerialExecutor())
    found = explain_signal(result.folder, "T3")
    assert found is not None
    assert found.files
    project.rename(home / "other.toml")
    lost = explain_signal(result.folder, "T3")
    assert lost is not None
    assert "--project" in said(lost)
    assert lost.files == {}
    manifest = read_json(result.folder / MANIFEST)
    write_json(result.folder / MANIFEST, {**manifest, "project": {**manifest["project"], "file": "../*"}})
    assert explain_signal(result.folder, "T3") is not None


def test_communes_and_sites_have_no_paths(run: Analysis) -> None:
    assert explain_signal(run.folder, "99001") is None
    assert explain_signal(run.folder, "A1") is None
    assert explain_signal(run.folder, "no such") is None


def test_what_is_written_and_what_an_earlier_look_left(run: Analysis, tmp_path: Path) -> None:
    found = explained(run, "T3")
    target = tmp_path / "pictures"
    target.mkdir()
    (target / "07.svg").write_text("old", encoding="utf-8")
    (target / "mine.svg").write_text("mine", encoding="utf-8")
    wrote = write_signal(found, run.folder, target)
    assert [path.name for path in wrote] == ["01.svg", "02.svg", "03.svg", "04.svg", "index.html"]
    assert sorted(path.name for path in target.iterdir()) == ["01.svg", "02.svg", "03.svg", "04.svg", "index.html", "mine.svg"]
    assert write_signal(found, tmp_path)[-1] == tmp_path / "explain" / "T3" / "index.html"


@pytest.mark.parametrize("code", ["../../x", "CON", "a/b", "Thôn Nà", "x" * 200, "t1 ", ".hidden"])
def test_a_code_never_names_a_folder_elsewhere(code: str) -> None:
    from geo.pipeline.places import _folder

    name = _folder(code)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", name)
    assert name.upper() != "CON"
    assert _folder("T1") == "T1"
    assert _folder("HGG_012-3") == "HGG_012-3"


@pytest.mark.slow
def test_the_command(run: Analysis, project_root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(project_root), "PYTHONUTF8": "1"}

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, str(project_root / "scripts" / "explain.py"), str(run.folder), *arguments]
        return subprocess.run(line, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)

    where = ["--project", str(run.project.path), "--pictures", str(tmp_path / "p")]
    good = ask("105,67; 21,83", *where, "--lang", "en")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("Point at longitude 105.67000, latitude 21.83000\n")
    assert good.stdout.rstrip().endswith("index.html")
    assert (tmp_path / "p" / "index.html").read_text(encoding="utf-8").count("Free-space loss") == 4
    for wrong in ("105,5,22,5", "107.0,21.85"):
        bad = ask(wrong, *where)
        assert bad.returncode == 2
        assert bad.stderr.startswith("Lỗi: ")
        assert "Traceback" not in bad.stderr
