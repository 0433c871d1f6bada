"""A department's folder as it is: what each file is taken for, what is left and why, and the project file that comes of it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from geo.errors import Bilingual, InputError, MissingInputError
from geo.io.folder_look import RasterLook, look_at_folder
from geo.io.folder_project import propose_project
from geo.io.folder_proposal import LeftFile, Proposal, Written, write_proposal
from geo.io.folder_roles import guess_raster, guess_table, terrain_kind
from geo.io.inputs import read_inputs
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog
from tests.department_folder import EXPECTED, department_folder

TODAY = dt.date(2026, 11, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return department_folder(tmp_path_factory.mktemp("so") / "Sở Thử")


@pytest.fixture(scope="module")
def proposal(folder: Path) -> Proposal:
    return propose_project(folder, today=TODAY)


@pytest.fixture
def written(proposal: Proposal) -> Iterator[Path]:
    path, done = write_proposal(proposal)
    assert done is Written.NEW
    yield path
    path.unlink()


def left(proposal: Proposal, file: str) -> str:
    found = [f.why for f in proposal.left if f.file == file]
    assert len(found) == 1, (file, [(f.file, f.why.vi) for f in proposal.left])
    assert found[0].vi
    assert found[0].en
    return found[0].en


def test_every_file_is_taken_for_what_it_is(proposal: Proposal) -> None:
    found: dict[str, set[str]] = {}
    for taken in proposal.taken:
        found.setdefault(taken.kind, set()).add(taken.file)
        assert taken.why.vi
        assert taken.why.en
    assert found == EXPECTED


def test_sheets_of_one_workbook_go_where_they_belong(proposal: Proposal) -> None:
    sheets = {t.kind: t.options.get("sheet") for t in proposal.taken if t.file == "HTTĐ.xlsx"}
    assert sheets == {"masts": "Cột", "ducts": "Ngầm"}


def test_what_can_be_found_out_is_not_asked(proposal: Proposal) -> None:
    assert proposal.provinces == ("99",)
    assert set(proposal.operators) == {"Mạng A", "Mạng B"}
    assert proposal.date == TODAY
    assert proposal.extra == "danh muc.toml"
    options = {t.file: dict(t.options) for t in proposal.taken}
    assert options["BTS/mang b.xlsx"] == {"operator": "Mạng B"}  # no column says it, the file's name does
    assert options["BTS/Mạng A.xlsx"] == {}  # its column says it
    assert options["N21E105/DTM 2024.tif"] == {"kind": "ground"}


def test_nothing_is_left_out_in_silence(folder: Path, proposal: Proposal) -> None:
    assert "lock file" in left(proposal, "BTS/~$Mạng A.xlsx")
    assert "scan" in left(proposal, "Công văn 1603.pdf")
    assert "cannot be read" in left(proposal, "To trinh.doc")
    assert "'BTS/mang b.xlsx'" in left(proposal, "sao lưu/mang b - Copy.xlsx")
    assert "same list" in left(proposal, "sao lưu/export (1).csv")
    assert "damaged" in left(proposal, "tải dở.xlsx")
    assert "no kind of table" in left(proposal, "lịch trực.xlsx") or "not enough columns" in left(proposal, "lịch trực.xlsx")
    assert "earlier run" in left(proposal, "ket-qua-cu/")
    said = {t.file for t in proposal.taken} | {f.file for f in proposal.left} | {proposal.extra}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and "ket-qua-cu" not in p.parts and p.suffix != ".toml"}
    assert there <= said, there - said
    assert set(proposal.missing) >= {"land_cover", "cells", "speed_tests", "buildings"}
    assert not set(proposal.missing) & {t.kind for t in proposal.taken}


def test_no_row_of_a_file_reaches_the_report(proposal: Proposal, written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    for private in ("0912000001", "0912000000", "Người Mẫu"):
        assert private not in text


def test_the_project_file_loads_and_its_inputs_are_read_without_an_error(written: Path) -> None:
    log = IssueLog(issue_catalogue())
    inputs = read_inputs(read_project(written), log)
    assert not log.has_errors
    assert inputs.network is not None
    assert inputs.network.sites.groupby("operator").size().to_dict() == {"Mạng A": 14, "Mạng B": 12}
    assert inputs.settlements is not None
    assert len(inputs.settlements) == 5
    assert {k: len(f) for k, f in inputs.planning.items()} == {"masts": 8, "ducts": 8, "service_points": 8}
    assert inputs.planning["service_points"]["point_name"].iloc[0] == "Điểm bưu điện văn hóa xã Thử 0"  # came in TCVN3
    assert inputs.terrain is not None
    assert inputs.population_raster is not None


def test_a_project_file_that_is_there_is_never_touched(proposal: Proposal, written: Path) -> None:
    assert write_proposal(proposal) == (written, Written.KEPT)
    assert write_proposal(replace(proposal, date=dt.date(2026, 12, 1))) == (written, Written.KEPT)  # another day, the same folder
    mine = written.read_text(encoding="utf-8").replace("[inputs]", "cell_size_m = 200\n\n[inputs]")
    written.write_text(mine, encoding="utf-8")
    other, done = write_proposal(proposal)
    assert (other.name, done) == ("project-2.toml", Written.NEW)
    assert write_proposal(proposal) == (other, Written.KEPT)
    names = [tomllib.loads(p.read_text(encoding="utf-8"))["project"]["name"] for p in (written, other)]
    assert names[1] == f"{names[0]} (2)"  # a run folder belongs to one project file
    assert written.read_text(encoding="utf-8") == mine
    assert tomllib.loads(other.read_text(encoding="utf-8"))["inputs"]
    other.unlink()
    assert not [p for p in written.parent.iterdir() if "part-" in p.name]


def test_a_proposal_that_nobody_changed_is_brought_up_to_date(tmp_path: Path) -> None:
    first = Proposal(tmp_path, "Thử", (), ("Mạng A",), TODAY, (), (LeftFile("project.toml", Bilingual("khác", "another")),), {}, ())
    path, _ = write_proposal(first)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # an editor's line ends are no change
    second = replace(first, operators=("Mạng A", "Mạng B"))
    assert write_proposal(second) == (path, Written.UPDATED)
    assert write_proposal(second) == (path, Written.KEPT)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["project"]["operators"] == ["Mạng A", "Mạng B"]
    assert "project.toml" not in path.read_text(encoding="utf-8")  # it does not say of itself that it is not used
    path.write_text(path.read_text(encoding="utf-8").replace("Mạng B", "Mạng C"), encoding="utf-8")
    assert write_proposal(second)[0].name == "project-2.toml"


def test_a_list_that_the_readers_refuse_is_left_with_their_reason_and_the_others_are_used(tmp_path: Path, folder: Path) -> None:
    place = tmp_path / "Sở"
    (place / "BTS").mkdir(parents=True)
    for name in ("Ranh giới/ranh_gioi.zip", "BTS/Mạng A.xlsx", "danh muc.toml"):
        target = place / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((folder / name).read_bytes())
    (place / "thôn.csv").write_text("Tên thôn,Số hộ,X,Y\n" + "\n".join(f"Thôn Thử {k},{30 + k},{1_500_000 + 937 * k},{560_000 + 511 * k}" for k in range(6)), encoding="utf-8")
    found = propose_project(place, today=TODAY)
    assert {t.kind for t in found.taken} == {"boundaries", "sites"}
    assert "settlements" in found.missing
    assert [f.file for f in found.left] == ["thôn.csv"]
    assert "cannot be used" in found.left[0].why.en


def test_files_that_a_logger_writes_are_told_apart(shared_dir: Path, tmp_path: Path) -> None:
    """A real drive (Dakar): the log, its data tests, its events."""
    names = [f"gnettrack_orange_log{end}.txt" for end in ("", "_datatest", "_events")]
    if not all((shared_dir / "data" / "measurements" / n).is_file() for n in names):
        pytest.skip("the reference data hold no such drive")
    for name in names:
        (tmp_path / name).write_bytes((shared_dir / "data" / "measurements" / name).read_bytes())
    kinds = {f.file: [guess_table(t, f.file)[0].kind for t in f.tables] for f in look_at_folder(tmp_path)}
    assert kinds == {names[0]: ["measurements"], names[1]: ["speed_tests"], names[2]: ["measurements"]}
    found = propose_project(tmp_path, today=TODAY)
    assert "events" in left(found, names[2])


def test_a_folder_without_boundaries_says_that_it_cannot_be_analysed(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    found = propose_project(tmp_path, today=TODAY)
    assert not found.can_run
    assert "boundaries" in found.missing
    with pytest.raises(MissingInputError):
        propose_project(tmp_path / "none", today=TODAY)
    assert issubclass(MissingInputError, InputError)


def test_cells_with_positions_are_a_list_of_sites_and_without_them_cells(tmp_path: Path) -> None:
    rows = "A1_1,A1,4G,120,101\n"
    (tmp_path / "a.csv").write_text("Mã cell,Mã trạm,Công nghệ,Azimuth,PCI\n" + rows, encoding="utf-8")
    (tmp_path / "b.csv").write_text("Mã cell,Mã trạm,Công nghệ,Azimuth,PCI,Kinh độ,Vĩ độ\n" + rows.replace("101", "101,105.61,21.81"), encoding="utf-8")
    kinds = {f.file: guess_table(f.tables[0], f.file)[0].kind for f in look_at_folder(tmp_path)}
    assert kinds == {"a.csv": "cells", "b.csv": "sites"}


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        (RasterLook((), 104.0, 2152.0, 0.0, 0.998, True), "terrain"),
        (RasterLook((), -2.0, 446.0, 0.63, 0.995, True), "terrain"),  # a coast: most of it is sea
        (RasterLook((), 0.0, 23_300.0, 0.94, 0.348, False), "population"),
        (RasterLook((10.0, 20.0, 30.0, 40.0, 50.0, 80.0), 10.0, 80.0, 0.0, 0.92, True), "land_cover"),
        (RasterLook((), -128.0, -61.5, 0.0, 0.9, False), "coverage_claims"),
        (RasterLook((), 0.0, 255.0, 0.01, 0.8, True), None),  # a photograph
        (RasterLook((0.0, 1.0), 0.0, 1.0, 0.1, 0.9, True), None),
    ],
)
def test_rasters_are_told_by_their_values(look: RasterLook, kind: str | None) -> None:
    guess = guess_raster(look, "x.tif")
    assert (guess.kind if guess else None) == kind


def test_what_heights_are_of_is_told_by_the_name_or_said_to_be_unknown() -> None:
    assert terrain_kind("dem/DTM_2024.tif") == ("ground", True)
    assert terrain_kind("Copernicus_DSM_10.tif") == ("surface", True)
    assert terrain_kind("N21E105.hgt") == ("surface", True)
    assert terrain_kind("dia hinh.tif") == ("surface", False)


@pytest.mark.slow
def test_one_command_from_the_folder_to_a_map(project_root: Path, tmp_path: Path) -> None:
    place = department_folder(tmp_path / "Sở Thử")
    done = subprocess.run(
        [sys.executable, str(project_root / "scripts" / "analyze.py"), "--folder", str(place), "--out", str(tmp_path / "maps"), "--workers", "1", "--lang", "en"],
        capture_output=True, text=True, timeout=900, check=False, env={"PYTHONPATH": str(project_root), "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith("project.toml")
    maps = list((tmp_path / "maps").glob("*/index.html"))
    assert len(maps) == 1
    assert lines[-1] == str(maps[0])
    assert "BTS/Mạng A.xlsx → " in done.stderr
    assert "To trinh.doc: " in done.stderr
    assert "Missing:" in done.stderr
