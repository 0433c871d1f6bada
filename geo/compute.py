"""Running many small tasks: in this process, in local processes, or on a Dask cluster.

A task is a picklable top-level function and one picklable argument. It is idempotent, returns a
small record and never an array; what is large it writes itself, under a temporary name and then
renamed. :func:`run_pieces` adds the resume: a piece whose record is on disk is not run again, and
since the folder is keyed by inputs, settings and code version, a record that is there is valid.

Results come back in the order of the tasks, whatever finished first, so that nothing computed from
them depends on the number of workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_handles
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from geo.errors import InputError, WorkerLostError
from geo.io.files import read_json, write_json

__all__ = [
    "DaskExecutor",
    "Executor",
    "OnDone",
    "Piece",
    "ProcessExecutor",
    "Record",
    "SerialExecutor",
    "make_executor",
    "run_pieces",
]

Record = Mapping[str, Any]
#: Called with (tasks done, tasks in all) after each task.
OnDone = Callable[[int, int], None]
T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """What every way of running tasks offers."""

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], *, on_done: OnDone | None = None
    ) -> list[R]:
        """Return ``function`` of every task, in the order of the tasks; the first exception is raised."""
        ...


@dataclass(frozen=True, slots=True)
class SerialExecutor:
    """One task after the other in this process."""

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], *, on_done: OnDone | None = None
    ) -> list[R]:
        """Return ``function`` of every task; see :class:`Executor`."""
        results: list[R] = []
        for task in tasks:
            results.append(function(task))
            if on_done is not None:
                on_done(len(results), len(tasks))
        return results


def _leave_with_parent() -> None:
    """End this worker when its parent is gone, even if the parent was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_handles([parent.sentinel])
        os._exit(1)


def _start_worker() -> None:
    """Prepare a worker: Ctrl-C is the parent's business, and an orphan ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True, name="parent-watch").start()


@dataclass(frozen=True, slots=True)
class ProcessExecutor:
    """Tasks in local processes, started afresh (``spawn``: no inherited locks, files or threads).

    A worker that dies (killed, out of memory) does not lose the run: what is unfinished is given to
    half as many new workers, at most ``allowed_failures`` times.

    Attributes
    ----------
    workers : int
        Number of processes, at least 1.
    allowed_failures : int
        How many times the workers may be lost before :class:`~geo.errors.WorkerLostError`.
    """

    workers: int
    allowed_failures: int = 3

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], *, on_done: OnDone | None = None
    ) -> list[R]:
        """Return ``function`` of every task; see :class:`Executor`."""
        results: dict[int, R] = {}
        workers = self.workers
        for failures in range(self.allowed_failures + 1):
            try:
                self._round(function, tasks, results, workers, on_done)
            except BrokenProcessPool as error:
                if failures == self.allowed_failures:
                    left = len(tasks) - len(results)
                    raise WorkerLostError(
                        f"Tiến trình tính toán bị dừng {failures + 1} lần (thường do hết bộ nhớ); còn {left} phần "
                        "chưa xong. Hãy giảm --workers rồi chạy lại, phần đã xong được giữ.",
                        f"Worker processes were lost {failures + 1} times (usually for lack of memory); {left} "
                        "pieces are unfinished. Lower --workers and run again, finished pieces are kept.",
                    ) from error
                workers = max(1, workers // 2)
            else:
                break
        return [results[i] for i in range(len(tasks))]

    @staticmethod
    def _round(
        function: Callable[[T], R],
        tasks: Sequence[T],
        results: dict[int, R],
        workers: int,
        on_done: OnDone | None,
    ) -> None:
        """Run the tasks that have no result yet, filling ``results``; workers end with it in any case."""
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(
            min(workers, max(1, len(tasks) - len(results))),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
        )
        finished = False
        try:
            pending: dict[Future[R], int] = {
                pool.submit(function, task): i for i, task in enumerate(tasks) if i not in results
            }
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                # Take what was finished before looking at what failed: a lost worker fails all the rest.
                for future in sorted(done, key=lambda f: f.exception() is not None):
                    results[pending.pop(future)] = future.result()
                    if on_done is not None:
                        on_done(len(results), len(tasks))
            finished = True
        finally:
            if not finished:  # an error, Ctrl-C or SIGTERM: do not wait for what is under way
                for child in set(multiprocessing.active_children()) - others:
                    child.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class DaskExecutor:
    """Tasks on a Dask cluster, or on a local one when no address is given (extra ``dask``).

    The workers need this package installed and the run folder on storage that all of them share.

    Attributes
    ----------
    address : str
        Scheduler, e.g. ``tcp://10.0.0.5:8786``; empty starts workers on this machine.
    workers : int
        Number of local workers when no address is given.
    allowed_failures : int
        How many workers a task may lose before it is given up.
    """

    address: str = ""
    workers: int = 2
    allowed_failures: int = 3

    def run(
        self, function: Callable[[T], R], tasks: Sequence[T], *, on_done: OnDone | None = None
    ) -> list[R]:
        """Return ``function`` of every task; see :class:`Executor`."""
        try:
            import dask  # type: ignore[import-not-found,unused-ignore]
            from distributed import Client, as_completed  # type: ignore[import-not-found,unused-ignore]
            from distributed.scheduler import (  # type: ignore[import-not-found,unused-ignore]
                KilledWorker,
            )
        except ImportError as error:
            raise InputError(
                "Chưa cài thư viện Dask; hãy cài phần mở rộng: pip install 'vungphu[dask]'.",
                "Dask is not installed; install the extra: pip install 'vungphu[dask]'.",
            ) from error
        results: dict[int, R] = {}
        place: dict[str, Any] = (
            {"address": self.address}
            if self.address
            else {"n_workers": self.workers, "threads_per_worker": 1, "dashboard_address": None}
        )
        with dask.config.set({"distributed.scheduler.allowed-failures": self.allowed_failures}):
            try:
                client = Client(**place)
            except OSError as error:
                raise InputError(
                    f"Không kết nối được bộ điều phối Dask tại '{self.address}'.",
                    f"Cannot connect to the Dask scheduler at '{self.address}'.",
                ) from error
            with client:
                futures = {client.submit(function, task, pure=False): i for i, task in enumerate(tasks)}
                try:
                    for future in as_completed(list(futures)):
                        results[futures[future]] = future.result()
                        if on_done is not None:
                            on_done(len(results), len(tasks))
                except KilledWorker as error:
                    raise WorkerLostError(
                        f"Một phần việc làm dừng {self.allowed_failures + 1} tiến trình Dask liên tiếp.",
                        f"One piece of work ended {self.allowed_failures + 1} Dask workers in a row.",
                    ) from error
        return [results[i] for i in range(len(tasks))]


def make_executor(
    kind: Literal["auto", "serial", "processes", "dask"] = "auto",
    *,
    workers: int | None = None,
    address: str = "",
) -> Executor:
    """Return the executor that the options name.

    Parameters
    ----------
    kind : str
        ``"auto"`` is Dask when an address is given, local processes for more than one worker,
        else this process.
    workers : int, optional
        Defaults to the number of processors that this process may use.
    address : str
        Dask scheduler.

    Raises
    ------
    InputError
        If ``workers`` is not positive.
    """
    count = workers if workers is not None else _processors()
    if count < 1:
        raise InputError(
            f"Số tiến trình phải từ 1 trở lên, nhận được {count} (--workers).",
            f"The number of workers must be 1 or more, got {count} (--workers).",
        )
    if kind == "dask" or (kind == "auto" and address):
        return DaskExecutor(address=address, workers=count)
    if kind == "processes" or (kind == "auto" and count > 1):
        return ProcessExecutor(workers=count)
    return SerialExecutor()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Piece:
    """One task of a stage that is kept when the run is interrupted.

    Attributes
    ----------
    name : str
        File-name safe, unique within the folder.
    task : object
        What the function gets.
    """

    name: str
    task: Any


@dataclass(frozen=True, slots=True)
class _Keeping:
    """Runs a piece and leaves its record beside what it wrote; a class so that it pickles."""

    function: Callable[[Any, Path], Record]
    folder: str

    def __call__(self, piece: Piece) -> Record:
        folder = Path(self.folder)
        record = dict(self.function(piece.task, folder))
        write_json(folder / f"{piece.name}.json", record)  # last: it vouches for the rest
        return record


def run_pieces(
    executor: Executor,
    function: Callable[[Any, Path], Record],
    pieces: Sequence[Piece],
    folder: Path,
    *,
    on_done: OnDone | None = None,
) -> list[Record]:
    """Return the record of every piece, running only those whose record is not in ``folder``.

    Parameters
    ----------
    executor : Executor
    function : callable
        Top-level function of (task, folder) that writes its files into the folder at once
        (:func:`geo.io.files.replacing`) and returns a small JSON-like record.
    pieces : sequence of Piece
    folder : Path
        Keyed by inputs, settings and code version: a record found there is taken as it is.
    on_done : callable, optional

    Returns
    -------
    list of mapping
        In the order of ``pieces``, as they read back from JSON.
    """
    names = [piece.name for piece in pieces]
    if len(set(names)) != len(names):
        raise ValueError("pieces of one folder must have different names")
    missing = [piece for piece in pieces if not (folder / f"{piece.name}.json").exists()]
    kept = len(pieces) - len(missing)
    if kept and on_done is not None:
        on_done(kept, len(pieces))

    def advance(done: int, _total: int) -> None:
        if on_done is not None:
            on_done(kept + done, len(pieces))

    if missing:
        executor.run(_Keeping(function, str(folder)), missing, on_done=advance)
    return [read_json(folder / f"{piece.name}.json") for piece in pieces]
