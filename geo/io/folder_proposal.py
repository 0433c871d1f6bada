"""A proposed project as a file: what it says, with what each input was taken for beside it, written beside the data and over nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from geo.errors import Bilingual, InputError
from geo.io.project import INPUT_KINDS

__all__ = ["LeftFile", "Proposal", "TakenFile", "Written", "project_text", "temporary_project", "write_proposal"]

_NAME = "project"
_SEAL = "# Dấu của bản đề xuất chưa ai sửa / mark of a proposal that nobody changed: "


@dataclass(frozen=True, slots=True, eq=False)
class TakenFile:
    """A file, or some sheets of it, that became an input.

    Attributes
    ----------
    kind : str
    file : str
    options : mapping
        What the project file says beside the path.
    why : Bilingual
    rows : int
        That the readers could use; 0 where they are not counted (rasters).
    """

    kind: str
    file: str
    options: Mapping[str, object]
    why: Bilingual
    rows: int = 0


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file, or a sheet, that is not used, and why."""

    file: str
    why: Bilingual


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a folder's project file would say.

    Attributes
    ----------
    folder : Path
    name : str
    provinces, operators : tuple of str
    date : date
    taken : tuple of TakenFile
    left : tuple of LeftFile
    missing : mapping
        Inputs that no file was found for, and what stays unknown without them.
    notes : tuple of Bilingual
        What was found out, and how.
    extra, costs : str
        The department's own catalogue and cost norms; empty if none.
    """

    folder: Path
    name: str
    provinces: tuple[str, ...]
    operators: tuple[str, ...]
    date: dt.date
    taken: tuple[TakenFile, ...]
    left: tuple[LeftFile, ...]
    missing: Mapping[str, Bilingual]
    notes: tuple[Bilingual, ...]
    extra: str = ""
    costs: str = ""

    @property
    def can_run(self) -> bool:
        """Whether there is what no analysis can do without."""
        return any(t.kind == "boundaries" for t in self.taken)


@contextmanager
def temporary_project(folder: Path, text: str) -> Iterator[Path]:
    """Yield a project file under a hidden name in the folder; it is gone afterwards.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".vungphu.part-", suffix=".toml", dir=folder)
    except OSError as error:
        raise InputError(
            f"Không ghi được vào thư mục '{folder.name}': {error.strerror}.", f"Cannot write to folder '{folder.name}': {error.strerror}."
        ) from error
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_quoted(str(v)) for v in value) + "]"
    return _quoted(str(value))


def _entry(taken: TakenFile) -> str:
    if not taken.options:
        return _quoted(taken.file)
    return "{ path = " + _quoted(taken.file) + "".join(f", {k} = {_value(v)}" for k, v in taken.options.items()) + " }"


def _comment(text: str) -> str:
    # A file's name need not be Unicode; the project file is.
    return "# " + " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def project_text(proposal: Proposal) -> str:
    """Return the project file."""
    lines = [
        _comment("Tệp dự án do analyze.py --folder đề xuất; sửa được, chạy lại bằng: analyze.py <tệp này>."),
        _comment("Project file proposed by analyze.py --folder; it may be changed and run with: analyze.py <this file>."),
        "", "[project]", f"name = {_quoted(proposal.name)}",
    ]  # fmt: skip
    if proposal.provinces:
        lines.append(f"province = {_value(proposal.provinces) if len(proposal.provinces) > 1 else _quoted(proposal.provinces[0])}")
    lines += [f"operators = {_value(proposal.operators)}", f"date = {proposal.date.isoformat()}", 'language = "vi"']
    lines += [_comment(f"{n.vi} / {n.en}") for n in proposal.notes]
    lines += ["", "[inputs]"]
    for kind in INPUT_KINDS:
        mine = [t for t in proposal.taken if t.kind == kind]
        if not mine:
            continue
        lines += [_comment(f"{t.file}: {t.why.vi} / {t.why.en}") for t in mine]
        lines.append(f"{kind} = {_entry(mine[0])}" if len(mine) == 1 else f"{kind} = [\n" + "".join(f"    {_entry(t)},\n" for t in mine) + "]")
    if proposal.extra:
        lines += ["", "[rules]", f"extra = {_quoted(proposal.extra)}"]
    if proposal.costs:
        lines += ["", "[plan]", f"costs = {_quoted(proposal.costs)}"]
    if proposal.missing:
        lines += ["", _comment("Còn thiếu / missing:")]
        lines += [_comment(f"- {kind}: {why.vi} / {why.en}") for kind, why in proposal.missing.items()]
    if proposal.left:
        lines += ["", _comment("Không dùng / not used:")]
        lines += [_comment(f"- {left.file}: {left.why.vi} / {left.why.en}") for left in proposal.left]
    return "\n".join(lines) + "\n"


class Written(StrEnum):
    """What became of the project file."""

    NEW = "new"
    UPDATED = "updated"  # an earlier proposal that nobody had changed
    KEPT = "kept"  # it says the same


def write_proposal(proposal: Proposal) -> tuple[Path, Written]:
    """Write the project file beside the files; return its path and what became of it.

    A file that says the same but for its date and remarks is used again. An earlier proposal that nobody changed since (it
    bears the digest of its own text) is brought up to date. One that a person wrote or changed is never touched: the proposal
    gets the next free name (``project-2.toml`` ...) and bears the number in the project's name too, because a run folder
    belongs to one project file.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    number = 1
    while True:
        path = proposal.folder / (f"{_NAME}.toml" if number == 1 else f"{_NAME}-{number}.toml")
        name = proposal.name if number == 1 else f"{proposal.name} ({number})"
        mine = replace(proposal, name=name, left=tuple(e for e in proposal.left if e.file != path.name))
        done = _write(path, project_text(mine))
        if done is not None:
            return path, done
        number += 1


def _write(path: Path, text: str) -> Written | None:
    """Write one project file; None if somebody's own file is there."""
    with temporary_project(path.parent, _sealed(text)) as temporary:
        temporary.chmod(0o644)
        try:
            os.link(temporary, path)  # a rename would replace a file that somebody wrote meanwhile
        except OSError:  # it is there, or a disk without links, such as a memory stick
            if path.exists():
                there = path.read_text(encoding="utf-8-sig", errors="replace")
                if _told(there) == _told(text):
                    return Written.KEPT
                if not _is_sealed(there):
                    return None
                temporary.replace(path)
                return Written.UPDATED
            temporary.rename(path)
    return Written.NEW


def _digest(lines: list[str]) -> str:
    return hashlib.blake2b("\n".join(lines).encode("utf-8"), digest_size=8).hexdigest()


def _sealed(text: str) -> str:
    """Return the text with its own digest below, which tells later whether a person changed it."""
    return f"{text}{_SEAL}{_digest(text.splitlines())}\n"


def _is_sealed(text: str) -> bool:
    """Tell whether a project file is a proposal as it was written; line ends do not count."""
    *lines, last = text.splitlines() or [""]
    return last == f"{_SEAL}{_digest(lines)}"


def _told(text: str) -> object:
    """Return what a project file says, without its date; None if it is none."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    project = content.get("project")
    if isinstance(project, dict):
        project.pop("date", None)
    return content
