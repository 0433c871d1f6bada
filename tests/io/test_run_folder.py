"""The run folder: names, one writer, one project, complete results or none."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.io.run_folder import MANIFEST, RunFolder, run_name


@pytest.mark.parametrize(
    ("project", "folder"),
    [
        ("Rà soát vùng lõm sóng 2026", "ra-soat-vung-lom-song-2026"),
        ("Đắk Lắk – đợt 1", "dak-lak-dot-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "project-5ec1f7e7"),
        ("", "project-e3b0c442"),
        ("日本", "project-d0f4a0c5"),
        ("CON", "project-con-8f8c7e1a"),
    ],
)
def test_names_by_hand(project: str, folder: str) -> None:
    # What stands after a last hyphen of 8 hexadecimal digits is the SHA-256's beginning: only its form counts.
    got = run_name(project)
    assert re.sub(r"-[0-9a-f]{8}$", "-#", got) == re.sub(r"-[0-9a-f]{8}$", "-#", folder)


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=200)
def test_every_name_is_one_safe_folder(project: str) -> None:
    name = run_name(project)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 100
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert run_name("a" * 200) != run_name("a" * 201)


def test_a_second_run_is_refused_in_both_languages(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "x")
    with run.locked(), pytest.raises(InputError) as caught, RunFolder(tmp_path / "x").locked():
        pass
    assert "lượt chạy khác" in caught.value.message.vi
    assert "Another run" in caught.value.message.en
    with run.locked():  # free again
        pass


def test_the_lock_of_a_killed_process_does_not_block(tmp_path: Path, project_root: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom geo.io.run_folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "x")],
        env={**os.environ, "PYTHONPATH": str(project_root)},
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        run = RunFolder(tmp_path / "x")
        with pytest.raises(InputError, match="Another run"), run.locked():
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(20)
    with run.locked():
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="--out"), RunFolder(tmp_path / "maps" / "x").locked():
        pass


def _claimed(folder: Path, project_file: Path, name: str, *, overwrite: bool = False) -> None:
    run = RunFolder(folder)
    with run.locked():
        run.claim(project_file, name, overwrite=overwrite)


def test_two_projects_do_not_share_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "maps" / "a"
    _claimed(folder, tmp_path / "one.toml", "A")
    _claimed(folder, tmp_path / "one.toml", "A")
    for file, name in (("two.toml", "A"), ("one.toml", "a!")):
        with pytest.raises(InputError, match="--out") as caught:
            _claimed(folder, tmp_path / file, name)
        assert "'A'" in caught.value.message.vi
    _claimed(folder, tmp_path / "two.toml", "A", overwrite=True)
    _claimed(folder, tmp_path / "two.toml", "A")


def test_moving_project_and_maps_together_keeps_the_claim(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    _claimed(before / "maps" / "a", before / "p.toml", "A")
    before.rename(after)
    _claimed(after / "maps" / "a", after / "p.toml", "A")


def test_results_of_unknown_origin_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="--overwrite"):
        _claimed(tmp_path / "a", tmp_path / "p.toml", "A")


def test_a_manifest_names_the_project_when_the_stages_are_gone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / MANIFEST).write_text(json.dumps({"project": {"name": "A"}}), encoding="utf-8")
    with pytest.raises(InputError, match="'A'"):
        _claimed(tmp_path / "a", tmp_path / "p.toml", "B")
    _claimed(tmp_path / "a", tmp_path / "p.toml", "A")


def _stage(run: RunFolder) -> Path:
    folder = run.stage("one", "0" * 64)
    run.restart(folder)
    (folder / "public").mkdir()
    (folder / "public" / "x.csv").write_text("x\n", encoding="utf-8")
    return folder


def test_a_result_counts_only_complete_and_unchanged(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    folder = _stage(run)
    assert run.finished(folder) is None
    assert run.finish(folder, {"rows": 1}) == {"rows": 1}
    assert run.finished(folder) == {"rows": 1}
    (folder / "public" / "x.csv").write_text("y\n", encoding="utf-8")
    assert run.finished(folder) is None  # same size, other content
    run.restart(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("marker", ["", "{", "[]", "null", '{"files": {}}'])
def test_a_broken_marker_is_no_marker(tmp_path: Path, marker: str) -> None:
    run = RunFolder(tmp_path)
    folder = _stage(run)
    (folder / "done.json").write_text(marker, encoding="utf-8")
    assert run.finished(folder) is None


def test_pieces_are_gone_once_the_result_is_complete(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    folder = _stage(run)
    (folder / "pieces").mkdir()
    (folder / "pieces" / "a.json").write_text("{}", encoding="utf-8")
    run.restart(folder)
    assert (folder / "pieces" / "a.json").exists(), "an unfinished stage keeps its pieces"
    run.finish(folder, {})
    assert not (folder / "pieces").exists()
    (folder / "pieces").mkdir()  # as if killed between the marker and the removal
    (folder / "pieces" / "a.json").write_text("{}", encoding="utf-8")
    assert run.finished(folder) == {}
    assert not (folder / "pieces").exists()
    assert run.checksums(folder).keys() == {"public/x.csv"}


def test_leftovers_of_interrupted_writes_are_removed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    folder = _stage(run)
    (folder / "public" / ".x.part-abc.csv").write_text("half", encoding="utf-8")
    (tmp_path / ".index.part-abc.html").write_text("half", encoding="utf-8")
    (tmp_path / ".hidden").write_text("not ours", encoding="utf-8")
    assert run.sweep() == 2
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [".hidden", "x.csv"]


def test_publishing_replaces_removes_and_books(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    folder = _stage(run)
    first = folder / "public" / "x.csv"
    (tmp_path / "notes.txt").write_text("a person's own", encoding="utf-8")
    assert run.publish({"tables/x.csv": first, "old.tif": first}, {"project": {"name": "A"}}) == [
        "tables/x.csv",
        "old.tif",
        MANIFEST,
    ]
    run.publish({"tables/x.csv": first}, {"project": {"name": "A"}})
    assert sorted(p.name for p in tmp_path.iterdir()) == [".stages", MANIFEST, "notes.txt", "tables"]
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    assert list(manifest["outputs"]) == ["tables/x.csv"]
    assert (tmp_path / "tables" / "x.csv").read_text(encoding="utf-8") == "x\n"


def test_adding_leaves_the_rest_and_takes_the_manifest_only_if_something_differs(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    first = _stage(run) / "public" / "x.csv"
    run.publish({"tables/x.csv": first, "y.csv": first}, {"project": {"name": "A"}})
    assert run.add({"tables/x.csv": first}) == ["tables/x.csv"]
    assert (tmp_path / MANIFEST).exists()
    run.add({"more.xlsx": first})
    assert not (tmp_path / MANIFEST).exists()
    assert (tmp_path / "y.csv").exists()
    run.publish({"y.csv": first}, {"project": {"name": "A"}})  # the next whole run clears what was added
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [MANIFEST, "y.csv"]


def test_a_forged_listing_removes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("stays", encoding="utf-8")
    run = RunFolder(tmp_path / "run")
    first = _stage(run) / "public" / "x.csv"
    (run.stages / "published.json").write_text(json.dumps(["../outside.txt", str(outside)]), encoding="utf-8")
    run.publish({"x.csv": first}, {})
    assert outside.exists()


def test_there_is_no_manifest_while_results_change(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    first = _stage(run) / "public" / "x.csv"
    run.publish({"x.csv": first}, {})
    with pytest.raises(FileNotFoundError):
        run.publish({"y.csv": first, "z.csv": first.with_name("missing")}, {})
    assert (tmp_path / MANIFEST).exists(), "nothing was changed yet"
    (tmp_path / "z.csv").mkdir()  # a folder in the way: the second file cannot be put in place
    with pytest.raises(OSError, match=r"z\.csv"):
        run.publish({"y.csv": first, "z.csv": first}, {})
    assert not (tmp_path / MANIFEST).exists()


def test_discarding_keeps_what_an_earlier_run_completed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    first = _stage(run) / "public" / "x.csv"
    run.publish({"x.csv": first}, {})
    run.discard()
    assert run.stages.exists()
    (tmp_path / MANIFEST).unlink()
    run.discard()
    assert not run.stages.exists()
