"""Executors and pieces: order, resume, lost workers, errors, interruption."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from geo.compute import (
    DaskExecutor,
    Piece,
    ProcessExecutor,
    SerialExecutor,
    make_executor,
    run_pieces,
)
from geo.errors import InputError, VungphuError, WorkerLostError
from geo.io.files import write_text
from tests.interruptible import heed_interrupts


def slow_square(value: int) -> int:
    time.sleep(0.02 * (3 - value % 3))  # later tasks overtake earlier ones
    return value * value


def refuse_seven(value: int) -> int:
    if value == 7:
        raise InputError("Số bảy không dùng được.", "Seven cannot be used.")
    return value


def write_piece(task: tuple[str, str], folder: Path) -> dict[str, object]:
    name, text = task
    with (folder / "calls.log").open("a", encoding="utf-8") as log:
        log.write(name + "\n")
    write_text(folder / f"{name}.txt", text)
    return {"letters": len(text), "share": 0.5}


def die_once(task: tuple[str, str]) -> str:
    name, flag = task
    if name == "poison" and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def die_always(value: int) -> int:
    if value == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


@pytest.mark.parametrize("executor", [SerialExecutor(), ProcessExecutor(2)], ids=["serial", "processes"])
def test_results_stand_in_the_order_of_the_tasks(executor: SerialExecutor | ProcessExecutor) -> None:
    seen: list[tuple[int, int]] = []
    got = executor.run(slow_square, list(range(7)), on_done=lambda done, total: seen.append((done, total)))
    assert got == [0, 1, 4, 9, 16, 25, 36]
    assert seen == [(i, 7) for i in range(1, 8)]


@pytest.mark.parametrize("executor", [SerialExecutor(), ProcessExecutor(2)], ids=["serial", "processes"])
def test_no_tasks_give_no_results(executor: SerialExecutor | ProcessExecutor) -> None:
    assert executor.run(slow_square, []) == []


@pytest.mark.parametrize("executor", [SerialExecutor(), ProcessExecutor(2)], ids=["serial", "processes"])
def test_a_task_s_error_reaches_the_caller_with_both_languages(
    executor: SerialExecutor | ProcessExecutor,
) -> None:
    with pytest.raises(InputError) as caught:
        executor.run(refuse_seven, [1, 7, 2])
    assert caught.value.message.vi == "Số bảy không dùng được."
    assert caught.value.message.en == "Seven cannot be used."
    assert multiprocessing.active_children() == []


def test_every_error_of_the_package_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(VungphuError("một", "one")))  # noqa: S301
    assert (error.message.vi, error.message.en) == ("một", "one")


def test_a_lost_worker_does_not_lose_the_run(tmp_path: Path) -> None:
    tasks = [(name, str(tmp_path / "died")) for name in ("a", "poison", "b", "c")]
    assert ProcessExecutor(2).run(die_once, tasks) == ["a", "poison", "b", "c"]
    assert (tmp_path / "died").exists(), "the worker was never killed: the test shows nothing"


def test_a_task_that_always_kills_its_worker_ends_with_a_clear_error() -> None:
    with pytest.raises(WorkerLostError, match="--workers") as caught:
        ProcessExecutor(2, allowed_failures=1).run(die_always, [1, 2, 3, 4])
    assert "2 times" in caught.value.message.en
    assert multiprocessing.active_children() == []


def test_pieces_that_are_there_are_not_run_again(tmp_path: Path) -> None:
    pieces = [Piece(name, (name, name * 3)) for name in ("x", "yy", "zzz")]
    first = run_pieces(SerialExecutor(), write_piece, pieces, tmp_path)
    assert first == [{"letters": n, "share": 0.5} for n in (3, 6, 9)]
    (tmp_path / "yy.json").unlink()  # as if the run had been killed between the piece and its record
    seen: list[tuple[int, int]] = []
    again = run_pieces(
        SerialExecutor(),
        write_piece,
        pieces,
        tmp_path,
        on_done=lambda done, total: seen.append((done, total)),
    )
    assert again == first
    assert (tmp_path / "calls.log").read_text(encoding="utf-8").split() == ["x", "yy", "zzz", "yy"]
    assert seen == [(2, 3), (3, 3)]


def test_pieces_are_the_same_bytes_from_any_executor(tmp_path: Path) -> None:
    pieces = [Piece(f"p{i}", (f"p{i}", "vùng lõm" * i)) for i in range(5)]
    content = []
    for name, executor in {"serial": SerialExecutor(), "two": ProcessExecutor(2)}.items():
        folder = tmp_path / name
        folder.mkdir()
        run_pieces(executor, write_piece, pieces, folder)
        content.append({p.name: p.read_bytes() for p in folder.iterdir() if p.name != "calls.log"})
    assert content[0] == content[1]
    assert len(content[0]) == 10


def test_pieces_of_the_same_name_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="different names"):
        run_pieces(SerialExecutor(), write_piece, [Piece("a", 1), Piece("a", 2)], tmp_path)


def test_the_executor_follows_the_options() -> None:
    assert make_executor(workers=1) == SerialExecutor()
    assert make_executor(workers=3) == ProcessExecutor(3)
    assert make_executor("serial", workers=3) == SerialExecutor()
    assert make_executor(workers=2, address="tcp://127.0.0.1:1") == DaskExecutor("tcp://127.0.0.1:1", 2)
    with pytest.raises(InputError, match="--workers"):
        make_executor(workers=0)


def test_dask_gives_the_same_results() -> None:
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    assert DaskExecutor(workers=1).run(slow_square, [3, 1, 2]) == [9, 1, 4]


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"vungphu\[dask\]"):
        DaskExecutor().run(slow_square, [1])


_ORPHANS = textwrap.dedent(
    """
    import os, sys, time
    from geo.compute import ProcessExecutor

    def note(folder):
        open(os.path.join(folder, str(os.getpid())), "w").close()
        time.sleep(60)

    if __name__ == "__main__":
        ProcessExecutor(2).run(note, [sys.argv[1]] * 2)
    """
)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT], ids=["killed", "ctrl-c"])
def test_workers_do_not_outlive_their_parent(
    tmp_path: Path, project_root: Path, kill: signal.Signals
) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(_ORPHANS, encoding="utf-8")
    pids = tmp_path / "pids"
    pids.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script), str(pids)],
        env={**os.environ, "PYTHONPATH": str(project_root)},
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_interrupts,
    )
    deadline = time.monotonic() + 60
    while len(list(pids.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(p.name) for p in pids.iterdir()]
    assert len(workers) == 2
    parent.send_signal(kill)
    parent.wait(20)
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_alive, workers))


def test_a_record_is_what_json_keeps(tmp_path: Path) -> None:
    run_pieces(SerialExecutor(), write_piece, [Piece("a", ("a", "bb"))], tmp_path)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"letters": 2, "share": 0.5}
