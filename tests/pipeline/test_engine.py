"""The engine with a made-up analysis: what is repeated, what is not, and what a kill leaves."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import CALLS, analyse

from geo.compute import SerialExecutor
from geo.errors import Bilingual, InputError, MissingInputError
from geo.io.files import write_text
from geo.io.run_folder import RunFolder
from geo.pipeline.engine import Stage, StageResult, Workspace, run_stages


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("3 1 2\n", encoding="utf-8")
    CALLS.clear()
    return path


def sums(folder: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file."""
    found = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def calls() -> list[str]:
    made = list(CALLS)
    CALLS.clear()
    return made


def test_a_second_run_repeats_nothing_and_changes_nothing(source: Path, tmp_path: Path) -> None:
    first = analyse(source, tmp_path / "run")
    assert calls() == ["read", "squares", "table"]
    assert first["table"].record == {"total": 14, "rows": 3}
    assert (tmp_path / "run" / "tables" / "row0.csv").read_text(encoding="utf-8") == "9\n"
    before = sums(tmp_path / "run")
    second = analyse(source, tmp_path / "run")
    assert calls() == []
    assert [result.reused for result in second.values()] == [True] * 3
    assert second["table"].record == first["table"].record
    assert sums(tmp_path / "run") == before


def test_a_stage_that_is_only_taken_if_made_is_never_made(tmp_path: Path) -> None:
    made: list[int] = []

    def stages(setting: int, *, if_made: bool) -> list[Stage]:
        def run(work: Workspace) -> dict[str, int]:
            made.append(setting)
            return {"setting": setting}

        return [Stage("extra", Bilingual("thêm", "extra"), run, settings=setting, if_made=if_made)]

    folder = RunFolder(tmp_path / "run")
    assert run_stages(stages(1, if_made=True), folder, executor=SerialExecutor(), code="c") == {}
    run_stages(stages(1, if_made=False), folder, executor=SerialExecutor(), code="c")
    found = run_stages(stages(1, if_made=True), folder, executor=SerialExecutor(), code="c")
    assert (found["extra"].record, found["extra"].reused) == ({"setting": 1}, True)
    assert run_stages(stages(2, if_made=True), folder, executor=SerialExecutor(), code="c") == {}
    assert made == [1]


def test_only_what_depends_on_a_change_is_repeated(source: Path, tmp_path: Path) -> None:
    analyse(source, tmp_path / "run")
    calls()
    analyse(source, tmp_path / "run", factor=2)
    assert calls() == ["table"]
    analyse(source, tmp_path / "run", factor=2, code="other")
    assert calls() == ["read", "squares", "table"]
    source.write_text("3 1\n", encoding="utf-8")
    analyse(source, tmp_path / "run", factor=2, code="other")
    assert calls() == ["read", "squares", "table"]
    names = {
        path.name.rsplit("-", 1)[0] for path in (tmp_path / "run" / ".stages").iterdir() if path.is_dir()
    }
    folders = [path for path in (tmp_path / "run" / ".stages").iterdir() if path.is_dir()]
    assert (names, len(folders)) == ({"read", "squares", "table"}, 3), "stale results are removed"
    assert sorted(p.name for p in (tmp_path / "run" / "tables").iterdir()) == ["row0.csv", "row1.csv"]


def test_a_stage_that_reads_one_file_is_repeated_only_when_that_file_changes(tmp_path: Path) -> None:
    ran: list[str] = []

    def stages(left: str, right: str) -> list[Stage]:
        def write(work: Workspace) -> dict[str, int]:
            write_text(work.folder / "left.txt", left)
            if right:
                write_text(work.folder / "right.txt", right)
            return {}

        def read(name: str) -> Callable[[Workspace], dict[str, int]]:
            def run(work: Workspace) -> dict[str, int]:
                ran.append(name)
                return {}

            return run

        title = Bilingual("Một", "One")
        return [
            Stage("both", title, write, settings=[left, right]),
            Stage("left", title, read("left"), upstream=("both/left.txt",)),
            Stage("right", title, read("right"), upstream=("both/right.txt",)),
        ]

    folder = RunFolder(tmp_path / "run")
    for given, repeated in ((("a", "b"), ["left", "right"]), (("a", "c"), ["right"]), (("a", ""), ["right"])):
        run_stages(stages(*given), folder, executor=SerialExecutor(), code="c")
        assert ran == repeated
        ran.clear()


def test_a_damaged_result_is_made_again(source: Path, tmp_path: Path) -> None:
    results = analyse(source, tmp_path / "run")
    before = sums(tmp_path / "run")
    calls()
    (results["squares"].folder / "squares.json").write_text("[1, 2, 3]\n", encoding="utf-8")
    (results["table"].folder / "done.json").unlink()
    analyse(source, tmp_path / "run")
    assert calls() == ["squares", "table"]
    assert sums(tmp_path / "run") == before


def test_results_do_not_depend_on_the_number_of_workers(source: Path, tmp_path: Path) -> None:
    analyse(source, tmp_path / "one")
    analyse(source, tmp_path / "two", workers=2)
    assert sums(tmp_path / "one") == sums(tmp_path / "two")


def test_a_stage_that_fails_leaves_no_result_but_its_finished_pieces(source: Path, tmp_path: Path) -> None:
    def run(work: Workspace) -> dict[str, int]:
        write_text(work.folder / "half.txt", "half")
        raise InputError("Sai.", "Wrong.")

    folder = RunFolder(tmp_path / "run")
    stage = Stage("bad", Bilingual("Hỏng", "Bad"), run)
    with folder.locked(), pytest.raises(InputError, match="Wrong"):
        run_stages([stage], folder, executor=SerialExecutor(), code="c")
    (kept,) = (tmp_path / "run" / ".stages").glob("bad-*")
    assert folder.finished(kept) is None


def test_a_file_that_changes_while_it_is_read_is_said(source: Path, tmp_path: Path) -> None:
    def run(work: Workspace) -> dict[str, int]:
        source.write_text("4 5 6 7\n", encoding="utf-8")
        return {}

    folder = RunFolder(tmp_path / "run")
    stage = Stage("read", Bilingual("Đọc", "Read"), run, files={"numbers.txt": source})
    with folder.locked(), pytest.raises(InputError, match=r"numbers\.txt.*was changed"):
        run_stages([stage], folder, executor=SerialExecutor(), code="c")


def test_a_missing_file_is_said_before_the_stage_runs(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"numbers\.txt"):
        analyse(tmp_path / "numbers.txt", tmp_path / "run")


@pytest.mark.parametrize("upstream", [("later",), ("one",)])
def test_stages_in_a_wrong_order_are_a_mistake_of_the_caller(
    tmp_path: Path, upstream: tuple[str, ...]
) -> None:
    title = Bilingual("Một", "One")
    stages = [Stage("one", title, lambda work: {}, upstream=upstream), Stage("later", title, lambda work: {})]
    with pytest.raises(ValueError, match="upstream"):
        run_stages(stages, RunFolder(tmp_path), executor=SerialExecutor(), code="c")


def test_the_observer_is_told(source: Path, tmp_path: Path) -> None:
    told: list[object] = []

    class Notes:
        def started(self, stage: Stage, number: int, total: int) -> None:
            told.append((stage.name, number, total))

        def advanced(self, stage: Stage, done: int, total: int) -> None:
            told.append((stage.name, done / total))

        def ended(self, result: StageResult) -> None:
            told.append((result.stage.name, result.reused))

    def halves(work: Workspace) -> dict[str, int]:
        work.progress(1, 2)
        return {}

    stages = [Stage("a", Bilingual("A", "A"), halves), Stage("b", Bilingual("B", "B"), halves)]
    folder = RunFolder(tmp_path / "run")
    run_stages(stages, folder, executor=SerialExecutor(), observer=Notes(), code="c")
    assert told == [("a", 1, 2), ("a", 0.5), ("a", False), ("b", 2, 2), ("b", 0.5), ("b", False)]


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_moments_it_resumes_to_the_same_bytes(
    tmp_path: Path, source: Path, project_root: Path, workers: int
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    moments = random.Random(seed)
    source.write_text(" ".join(map(str, range(1, 9))), encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("made_up.py")), str(source)]
    environment = {**os.environ, "PYTHONPATH": str(project_root)}
    begin = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole"), "0.1", str(workers)], env=environment, check=True)
    whole = time.monotonic() - begin
    expected = sums(tmp_path / "whole")
    killed = 0
    for _ in range(4):
        process = subprocess.Popen([*command, str(tmp_path / "killed"), "0.1", str(workers)], env=environment)
        try:
            process.wait(moments.uniform(0.3, 0.9) * whole)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    subprocess.run([*command, str(tmp_path / "killed"), "0.1", str(workers)], env=environment, check=True)
    assert killed > 0, f"seed {seed}: every run ended before it was killed"
    assert sums(tmp_path / "killed") == expected, f"seed {seed}"
