"""What was answered about portals, on disk: one file per portal while asking, so that a run that was stopped loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.errors import InputError
from geo.io.files import read_json, write_json

__all__ = ["AnswerFiles", "read_answer_list", "write_answer_list"]

_SUFFIX = ".json"
#: Of the files' form; a file of another form counts as none.
_FORM = 1


@dataclass(frozen=True, slots=True)
class AnswerFiles:
    """A folder of answers.

    Attributes
    ----------
    folder : Path
        Made when first written to.
    """

    folder: Path

    def path(self, key: Mapping[str, Any]) -> Path:
        """File of one portal: named by what was asked, never by text of others."""
        text = json.dumps(dict(key), sort_keys=True, ensure_ascii=True)
        return self.folder / f"{hashlib.sha256(text.encode('ascii')).hexdigest()[:32]}{_SUFFIX}"

    def read(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what is kept, None if nothing whole is."""
        try:
            content = read_json(self.path(key))
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(content, Mapping) or content.get("form") != _FORM or content.get("asked") != dict(key):
            return None
        found = content.get("answers")
        return found if isinstance(found, Mapping) else None

    def write(self, key: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
        """Keep answers, at once."""
        write_json(self.path(key), {"form": _FORM, "asked": dict(key), "answers": dict(answers)})


def read_answer_list(path: Path) -> list[Mapping[str, Any]]:
    """Return the entries that :func:`write_answer_list` wrote, each with ``asked`` and ``answers``; none where the file is missing.

    Raises
    ------
    InputError
        If it is there and something else.
    """
    try:
        content = read_json(path)
    except FileNotFoundError:
        return []
    except ValueError:
        content = None
    entries = content.get("entries") if isinstance(content, Mapping) and content.get("form") == _FORM else None
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) and isinstance(e.get("asked"), Mapping) and isinstance(e.get("answers"), Mapping) for e in entries):
        raise InputError(
            f"'{path.name}': không phải kết quả kiểm tra cổng thông tin của phiên bản này; hãy xóa tệp rồi kiểm tra lại.",
            f"'{path.name}': not the answers of portals as this version writes them; delete the file and ask again.",
        )
    return entries


def write_answer_list(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write all answers of a list into one file, which the analysis then reads like any other input."""
    write_json(path, {"form": _FORM, "entries": [dict(entry) for entry in entries]})
