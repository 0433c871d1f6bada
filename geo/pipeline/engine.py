"""Stages that run once per inputs, settings and code version, and resume after any interruption.

A stage writes into its own folder, named by its key; the marker that makes the result count is
written last. A killed run therefore leaves either a complete result or none, and the next run
takes up what is complete (and, within a stage, the finished pieces of :mod:`geo.compute`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from geo.compute import Executor, OnDone
from geo.errors import Bilingual, InputError
from geo.io.fingerprints import Fingerprint, fingerprint, package_fingerprint
from geo.io.run_folder import PIECES, RunFolder
from geo.pipeline.keys import stage_key

__all__ = ["PUBLIC", "Observer", "Silent", "Stage", "StageResult", "Workspace", "run_stages"]

logger = logging.getLogger(__name__)

#: Subfolder of a stage's folder whose files are results for people, at the same relative paths.
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a stage's function is given.

    Attributes
    ----------
    folder : Path
        Write here, every file at once (:mod:`geo.io.files`).
    upstream : mapping of str to Path
        Folders of the stages it named, read-only.
    records : mapping of str to mapping
        Records of the stages it named.
    executor : Executor
    progress : callable
        Call with (done, total).
    """

    folder: Path
    upstream: Mapping[str, Path]
    records: Mapping[str, Mapping[str, Any]]
    executor: Executor
    progress: OnDone

    @property
    def pieces(self) -> Path:
        """Write pieces of work here (:func:`geo.compute.run_pieces`): they are gone once the stage is complete."""
        return self.folder / PIECES

    @property
    def public(self) -> Path:
        """Write here what people open: ``public/tables/x.csv`` becomes ``tables/x.csv`` of the run."""
        return self.folder / PUBLIC


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the analysis and everything its result depends on besides the code.

    Attributes
    ----------
    name : str
        snake_case; also the name of its folder.
    title : Bilingual
        What a person sees while it runs.
    run : callable
        Gets a :class:`Workspace`, returns a small record (counts) for the manifest.
    files : mapping of str to Path
        Input files it reads, by the label that the project gives them.
    settings : object
        All settings it uses; must have a canonical form.
    upstream : tuple of str
        What it reads of stages that stand earlier in the list: a stage's name for all of it, or
        ``"name/file"`` for one file. A stage that names files is not repeated when the stage before
        was, as long as these files came out the same.
    if_made : bool
        Take the result that is there under its key; without one leave the stage out, and say nothing.
    """

    name: str
    title: Bilingual
    run: Callable[[Workspace], Mapping[str, Any]]
    files: Mapping[str, Path] = field(default_factory=dict)
    settings: object = None
    upstream: tuple[str, ...] = ()
    if_made: bool = False


@dataclass(frozen=True, slots=True)
class StageResult:
    """A stage that is complete.

    Attributes
    ----------
    stage : Stage
    key : str
    folder : Path
    record : mapping
        What the stage's function returned, as JSON keeps it.
    inputs : mapping of str to Fingerprint
    reused : bool
        True when the result of an earlier run was taken.
    seconds : float
        Time spent in this run.
    """

    stage: Stage
    key: str
    folder: Path
    record: Mapping[str, Any]
    inputs: Mapping[str, Fingerprint]
    reused: bool
    seconds: float

    def public(self) -> dict[str, Path]:
        """Return the results for people: path in the run folder to file, sorted by path."""
        root = self.folder / PUBLIC
        found = (path for path in root.rglob("*") if path.is_file())
        return dict(sorted((path.relative_to(root).as_posix(), path) for path in found))


class Observer(Protocol):
    """Is told how the run goes; scripts show it."""

    def started(self, stage: Stage, number: int, total: int) -> None:
        """Tell that a stage, ``number`` of ``total`` (from 1), begins."""
        ...

    def advanced(self, stage: Stage, done: int, total: int) -> None:
        """Tell how far a stage is."""
        ...

    def ended(self, result: StageResult) -> None:
        """Tell that a stage is complete."""
        ...


class Silent:
    """An observer that says nothing."""

    def started(self, stage: Stage, number: int, total: int) -> None:
        """Say nothing."""

    def advanced(self, stage: Stage, done: int, total: int) -> None:
        """Say nothing."""

    def ended(self, result: StageResult) -> None:
        """Say nothing."""


def run_stages(
    stages: Sequence[Stage],
    run: RunFolder,
    *,
    executor: Executor,
    observer: Observer | None = None,
    code: str | None = None,
) -> dict[str, StageResult]:
    """Complete every stage in order and return the results by name.

    The caller holds the lock of the run folder.

    Parameters
    ----------
    stages : sequence of Stage
    run : RunFolder
    executor : Executor
    observer : Observer, optional
    code : str, optional
        Code version; the fingerprint of this package unless given.

    Raises
    ------
    InputError
        If an input file changes while a stage reads it.
    ValueError
        If two stages share a name or one names an upstream stage that does not stand before it.
    """
    _check_order(stages)
    watch = observer if observer is not None else Silent()
    version = code if code is not None else package_fingerprint()
    marks: dict[Path, Fingerprint] = {}
    results: dict[str, StageResult] = {}
    for number, stage in enumerate(stages, start=1):
        if stage.if_made and run.finished(run.stage(stage.name, _key(stage, marks, results, run, version))) is None:
            continue
        watch.started(stage, number, len(stages))
        begin = time.perf_counter()
        key = _key(stage, marks, results, run, version)
        inputs = {label: marks[path] for label, path in sorted(stage.files.items())}
        upstream = {item.split("/")[0]: results[item.split("/")[0]] for item in stage.upstream}
        folder = run.stage(stage.name, key)
        record = run.finished(folder)
        reused = record is not None
        if record is None:
            run.restart(folder)
            made = stage.run(
                Workspace(
                    folder,
                    {name: result.folder for name, result in upstream.items()},
                    {name: result.record for name, result in upstream.items()},
                    executor,
                    lambda done, total, stage=stage: watch.advanced(stage, done, total),  # type: ignore[misc]
                )
            )
            _require_unchanged(stage, marks)
            record = run.finish(folder, made)
        results[stage.name] = result = StageResult(
            stage, key, folder, record, inputs, reused, time.perf_counter() - begin
        )
        logger.info("%s: %s, %.1f s", stage.name, "reused" if reused else "computed", result.seconds)
        watch.ended(result)
    return results


def _key(stage: Stage, marks: dict[Path, Fingerprint], results: Mapping[str, StageResult], run: RunFolder, version: str) -> str:
    """Return a stage's key; the files that it reads are marked in ``marks``."""
    for path in stage.files.values():
        if path not in marks:
            marks[path] = fingerprint(path)
    return stage_key(
        stage.name,
        inputs={label: marks[path] for label, path in sorted(stage.files.items())},
        upstream={item: _state_of(item, results, run) for item in stage.upstream},
        settings=stage.settings,
        code=version,
    )


def _check_order(stages: Sequence[Stage]) -> None:
    seen: set[str] = set()
    for stage in stages:
        missing = {item.split("/")[0] for item in stage.upstream} - seen
        if missing or stage.name in seen:
            raise ValueError(f"stage {stage.name}: repeated name or upstream not before it {sorted(missing)}")
        seen.add(stage.name)


def _state_of(item: str, results: Mapping[str, StageResult], run: RunFolder) -> str:
    """Return what stands for an upstream item in a key: a stage's key, or a file's checksum."""
    name, _, file = item.partition("/")
    if not file:
        return results[name].key
    return run.checksums(results[name].folder).get(file, "absent")


def _require_unchanged(stage: Stage, marks: Mapping[Path, Fingerprint]) -> None:
    for label, path in stage.files.items():
        if not marks[path].holds(path):
            raise InputError(
                f"Tệp '{label}' bị thay đổi trong khi đang đọc; hãy chạy lại.",
                f"File '{label}' was changed while it was being read; run again.",
            )
