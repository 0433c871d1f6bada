"""Writing at once: a reader sees the old file or the new one, never half of either."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from geo.errors import InputError
from geo.io.files import is_temporary, replacing, write_bytes

OLD, NEW = b"old " * 100, b"new " * 5000


@pytest.fixture(params=[True, False], ids=["over an old file", "where none was"])
def path(request, tmp_path: Path) -> Path:
    target = tmp_path / "levels.tif"
    if request.param:
        target.write_bytes(OLD)
    return target


def _seen(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def test_the_final_name_is_untouched_while_the_body_runs(path):
    before = _seen(path)
    with replacing(path) as temporary:
        assert temporary != path
        assert temporary.parent == path.parent  # a rename across file systems is a copy
        assert temporary.suffix == path.suffix
        assert is_temporary(temporary)
        with temporary.open("wb") as stream:
            for at in range(0, len(NEW), 1000):
                stream.write(NEW[at : at + 1000])
                stream.flush()
                assert _seen(path) == before
        assert _seen(path) == before
    assert path.read_bytes() == NEW
    assert os.listdir(path.parent) == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("failure", [RuntimeError("stopped"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_half_way_leaves_what_was(path, failure):
    before = _seen(path)

    def fail():
        with replacing(path) as temporary:
            temporary.write_bytes(NEW[:7])
            raise failure

    with pytest.raises(type(failure)):
        fail()
    assert _seen(path) == before
    assert [n for n in os.listdir(path.parent) if n != path.name] == []


def test_a_full_disk_names_the_file_that_was_to_be_written(tmp_path):
    with pytest.raises(OSError, match=r"levels\.tif"), replacing(tmp_path / "levels.tif"):
        raise OSError(28, "No space left on device")


def test_on_the_disk_before_it_is_renamed(path, monkeypatch):
    events: list[tuple[str, object]] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle):
        events.append(("fsync", (os.fstat(handle).st_ino, os.fstat(handle).st_size)))
        fsync(handle)

    def noted_replace(source, target, **options):
        events.append(("replace", (Path(source) != path, Path(target), os.stat(source).st_ino)))
        replace(source, target, **options)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_bytes(path, NEW)
    monkeypatch.undo()
    inode = path.stat().st_ino
    assert events == [("fsync", (inode, len(NEW))), ("replace", (True, path, inode))]
    assert path.read_bytes() == NEW


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    target = tmp_path / "table.csv"
    target.write_bytes(OLD)
    with target.open("rb") as reader:
        assert reader.read(10) == OLD[:10]
        write_bytes(target, NEW)
        assert reader.read() == OLD[10:]
    assert target.read_bytes() == NEW


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(InputError), replacing(tmp_path / "out" / "a.csv"):
        pass
