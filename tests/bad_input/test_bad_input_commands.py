"""The commands themselves: exit code 2, sentences in both languages, no traceback, nothing written but issues.xlsx."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest

from tests.bad_input.builders import all_builders
from tests.bad_input.made_up_project import MadeUpProject


def _command(
    root: Path, name: str, *arguments: str, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, str(root / "scripts" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def _spoilt(folder: Path, way: str) -> MadeUpProject:
    project = MadeUpProject(folder / "project")
    all_builders()[way](project)
    project.save()
    return project


def _files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("way", "language", "says"),
    [
        ("text_cpg_says_utf8_and_nothing_fits", "vi", ("tram.shp", "chữ không phải UTF-8")),
        ("crs_two_zones_fit", "en", ("sites.csv", "EPSG:9210", "several systems")),
    ],
)
def test_check_inputs_says_it_and_stops(project_root, tmp_path, way, language, says):
    project = _spoilt(tmp_path, way)
    before = _files(tmp_path)
    done = _command(project_root, "check_inputs.py", str(project.path), "--out", str(tmp_path / "maps"), "--lang", language)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for text in says:
        assert text in done.stderr
    assert _files(tmp_path) - before == {"maps/du-an-mau-gia-dinh/issues.xlsx"}


def test_check_inputs_names_row_and_field_in_the_workbook(project_root, tmp_path):
    project = _spoilt(tmp_path, "axes_one_missing")
    done = _command(project_root, "check_inputs.py", str(project.path), "--out", str(tmp_path / "maps"))
    assert done.returncode == 0, done.stderr  # a warning stops nothing
    book = openpyxl.load_workbook(done.stdout.strip())
    for name, what, action in (
        ("Vấn đề (vi)", "Thiếu tọa độ", "Bổ sung tọa độ rồi gửi lại."),
        ("Issues (en)", "Coordinates are missing", "Add the coordinates and send again."),
    ):
        (line,) = [r for r in book[name].iter_rows(min_row=2, values_only=True) if r[-1] == "position_missing"]
        assert line[1] == "sites.csv"
        assert line[3:7] == ("7", "Kinh độ; Vĩ độ", "105.33333; ", what)
        assert line[8] == action


def test_a_project_file_that_cannot_be_read_writes_nothing(project_root, tmp_path):
    project = _spoilt(tmp_path, "project_key_misspelt")
    before = _files(tmp_path)
    for language, script, text in (
        ("vi", "check_inputs.py", "có phải 'boundaries'?"),
        ("en", "analyze.py", "did you mean 'boundaries'?"),
    ):
        done = _command(project_root, script, str(project.path), "--out", str(tmp_path / "maps"), "--lang", language)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert text in done.stderr
    assert _files(tmp_path) == before


def test_analyze_stops_before_any_result(project_root, tmp_path):
    project = _spoilt(tmp_path, "crs_two_zones_fit")
    before = _files(tmp_path)
    done = _command(project_root, "analyze.py", str(project.path), "--out", str(tmp_path / "maps"), "--workers", "1", "--lang", "en")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "sites.csv" in done.stderr
    written = {f for f in _files(tmp_path) - before if "/.stages/" not in f}
    assert written == {"maps/du-an-mau-gia-dinh/issues.xlsx"}


@pytest.fixture
def without_privilege(project_root) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command without the superuser's right to read and write whatever it likes."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("run as superuser, and setpriv is not installed: apt install util-linux")
        prefix = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
    return lambda name, *arguments: _command(project_root, name, *arguments, prefix=prefix)


def test_a_file_without_permission_is_said_with_the_others(without_privilege, tmp_path):
    project = _spoilt(tmp_path, "axes_one_missing")
    (project.folder / "sites.csv").chmod(0)
    out = tmp_path / "maps"
    out.mkdir()
    done = without_privilege("check_inputs.py", str(project.path), "--out", str(out), "--lang", "en")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "sites.csv" in done.stderr
    assert "check that it may be read" in done.stderr
    assert _files(out) == {"du-an-mau-gia-dinh/issues.xlsx"}


def test_a_folder_that_may_not_be_written_is_said(without_privilege, tmp_path):
    project = _spoilt(tmp_path, "axes_one_missing")
    out = tmp_path / "maps"
    out.mkdir()
    out.chmod(0o555)
    done = without_privilege("check_inputs.py", str(project.path), "--out", str(out), "--lang", "vi")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Không ghi được vào thư mục" in done.stderr
    assert _files(out) == set()
