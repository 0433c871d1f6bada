"""Tests of speed and IPv6, portals and declarations go from the project file to the frames that later stages take."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import SIDE, SOUTH, WEST, tiny_project

from geo.compute import make_executor
from geo.errors import ProjectFileError
from geo.io.project import input_files, read_project
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_issues
from geo.pipeline.engine import Workspace
from geo.pipeline.reading import files_of, load_frame, reading_settings, write_inputs
from geo.service_frames import DECLARATIONS, IPV6_TESTS, PORTALS, SPEED_SAMPLES, FrameContract

FILES = {
    "speed_tests": (
        "do.csv",
        ("Thời gian,Nhà mạng,Công nghệ,Kinh độ,Vĩ độ,Download (Mbps)\n"
        f"2026-09-01 08:00,Mạng A,4G,{WEST + SIDE / 2},{SOUTH + SIDE / 2},45\n2026-09-01 08:01,Mạng A,4G,{WEST + SIDE / 2},{SOUTH + SIDE / 2},-1\n"),
        SPEED_SAMPLES,
    ),
    "ipv6_tests": ("v6.csv", "Mã xã,Nhà mạng,Kỳ,Số mẫu,Số mẫu có IPv6\n99001,Mạng A,2026-09,100,72\n", IPV6_TESTS),
    "portals": ("cong.csv", "Tên,Địa chỉ,Mã xã\nXã 1,xa-1.example,99001\n", PORTALS),
    "declarations": ("cb.csv", "Nhà mạng,Công nghệ,Vd (Mbit/s),Hiệu lực từ\nMạng A,4G,40,2026-01-01\n", DECLARATIONS),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("service")
    path = tiny_project(folder)
    lines = []
    for kind, (name, text, _) in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
        lines.append(f'{kind} = "{name}"\n')
    project = path.read_text(encoding="utf-8")
    path.write_text(project.replace("[inputs]\n", "[inputs]\n" + "".join(lines)), encoding="utf-8")
    out = tmp_path_factory.mktemp("stage")
    work = Workspace(out, {}, {}, make_executor(workers=1), lambda done, total: None)
    return path, out, dict(write_inputs(work, read_project(path))["rows"])


@pytest.mark.parametrize("kind", FILES)
def test_a_frame_arrives_as_the_contract_has_it(read: tuple[Path, Path, dict[str, int]], kind: str) -> None:
    _, out, rows = read
    contract: FrameContract = FILES[kind][2]
    frame = load_frame(out, kind)
    contract.require(frame)
    assert len(frame) == rows[kind] == 1
    assert frame["file"].tolist() == [FILES[kind][0]]


def test_what_was_found_is_kept(read: tuple[Path, Path, dict[str, int]]) -> None:
    log = read_issues(read[1] / "issues.json", issue_catalogue())
    assert {"speed_negative", "speed_time_zone_taken"} <= log.codes()
    assert "input_not_read" not in log.codes()


def test_the_stage_runs_again_when_a_file_or_an_option_changes(read: tuple[Path, Path, dict[str, int]]) -> None:
    path, _, _ = read
    project = read_project(path)
    assert {name for name, _, _ in FILES.values()} <= set(files_of(project))
    text = path.read_text(encoding="utf-8")
    other = path.with_name("other.toml")
    other.write_text(text.replace('speed_tests = "do.csv"', 'speed_tests = { path = "do.csv", source_kind = "drive_test" }'), encoding="utf-8")
    assert reading_settings(project) != reading_settings(read_project(other))


def test_options_are_checked_before_anything_is_read(read: tuple[Path, Path, dict[str, int]]) -> None:
    path, _, _ = read
    other = path.with_name("wrong.toml")
    text = path.read_text(encoding="utf-8")
    other.write_text(text.replace('speed_tests = "do.csv"', 'speed_tests = { path = "do.csv", units = "kbit/s" }'), encoding="utf-8")
    with pytest.raises(ProjectFileError, match="did you mean 'unit'"):
        input_files(read_project(other), "speed_tests")
