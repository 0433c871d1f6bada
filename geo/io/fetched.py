"""A folder of fetched open data: finished files with a record of where each came from, and apart from them what is still coming.

``<item>/<file>`` is finished and checked, ``<item>/<name>.source.json`` its record, ``.unfinished/`` what an interrupted download left.
Files are made in a folder of their own on the same disk and renamed into place; the record is written last, so a file without one
counts as nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from geo.errors import InputError, MissingInputError
from geo.io.files import digest, write_json, write_text
from geo.io.partial import PartialFile

__all__ = ["FetchFolder", "read_key", "read_toml"]

_UNFINISHED = ".unfinished"
#: Begins the last line of a text written beside the items.
_SEAL = "# sha256: "
_RECORD = ".source.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchFolder:
    """The folder.

    Attributes
    ----------
    root : Path
    """

    root: Path

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the folder against a second command, and leave no empty folder behind.

        Raises
        ------
        InputError
            If another command works in it, or it cannot be written to.
        """
        unfinished = self.root / _UNFINISHED
        made = not self.root.exists()
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
            lock = FileLock(unfinished / "lock", timeout=0)
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"Một lệnh tải khác đang làm việc trong thư mục '{self.root.name}'.",
                f"Another command is fetching into the folder '{self.root.name}'.",
            ) from error
        except OSError as error:
            raise InputError(
                f"Không ghi được vào thư mục '{self.root.name}': {error.strerror}.",
                f"Cannot write to folder '{self.root.name}': {error.strerror}.",
            ) from error
        try:
            yield
        finally:
            lock.release()
            (unfinished / "lock").unlink(missing_ok=True)
            folders = [*sorted((p for p in unfinished.rglob("*") if p.is_dir()), reverse=True), unfinished, *([self.root] if made else [])]
            for folder in folders:  # no others: an empty folder may be the person's own
                with suppress(OSError):  # it is not empty
                    folder.rmdir()

    def part(self, item: str, name: str) -> PartialFile:
        """Return the place of a file that is coming."""
        return PartialFile(self.root / _UNFINISHED / item / f"{name}.part")

    @contextmanager
    def making(self, item: str, name: str) -> Iterator[Path]:
        """Give an empty folder on the same disk; whatever is left in it goes."""
        folder = self.root / _UNFINISHED / item / f"{name}.making"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def free_bytes(self) -> int:
        """Return the space left on the disk."""
        place = self.root
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free

    def record(self, item: str, name: str) -> dict[str, Any] | None:
        """Return the record of a file, None without a readable one."""
        return _read_record(self.root / item / (name + _RECORD))

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all finished files that are still there, by item and name."""
        found = [_read_record(path) for path in sorted(self.root.glob(f"*/*{_RECORD}"))]
        return [record for record in found if record is not None and self.present(record, closely=False)]

    def present(self, record: Mapping[str, Any], *, closely: bool = True) -> bool:
        """Tell whether the files of a record are there as they were, by size and (``closely``) by SHA-256."""
        try:
            for entry in record["files"]:
                path = self.root / record["item"] / entry["file"]
                if path.stat().st_size != entry["bytes"] or (closely and digest(path) != entry["sha256"]):
                    return False
        except (KeyError, TypeError, OSError):
            return False
        return True

    def put(self, item: str, name: str, files: Sequence[Path], record: Mapping[str, Any]) -> list[Path]:
        """Bring finished files and their record into the item's folder; return their places."""
        folder = self.root / item
        folder.mkdir(parents=True, exist_ok=True)
        places = []
        (folder / (name + _RECORD)).unlink(missing_ok=True)
        for file in files:
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
            places.append(file.replace(folder / file.name))
        write_json(folder / (name + _RECORD), dict(record))
        return places

    def copy_in(self, source: Path, part: PartialFile) -> None:
        """Copy a file of a mirror into the place of one that is coming."""
        part.path.parent.mkdir(parents=True, exist_ok=True)
        part.discard()
        with source.open("rb") as stream, part.path.open("wb") as out:
            shutil.copyfileobj(stream, out, _CHUNK)

    def recorded_sha256(self, item: str, name: str) -> str:
        """Return the SHA-256 that this folder's records give for a file as it was downloaded, "" without one."""
        for path in sorted((self.root / item).glob(f"{name}*{_RECORD}")):
            record = _read_record(path)
            if record is not None and record.get("name") == name:
                return str(record.get("download", {}).get("sha256", ""))
        return ""

    def write_text(self, name: str, text: str) -> Path | None:
        """Write a text beside the items' folders; return its place, None where a file stands that is not as this wrote it.

        The last line is a comment with the SHA-256 of all before it: what a person has changed is theirs and stays.
        """
        path = self.root / name
        if path.exists() and not _as_written(path.read_bytes()):
            return None
        write_text(path, f"{text}{_SEAL}{hashlib.sha256(text.encode()).hexdigest()}\n")
        return path


def _as_written(content: bytes) -> bool:
    """Tell whether a text is as :meth:`FetchFolder.write_text` left it."""
    text, _, seal = content.rpartition(_SEAL.encode())
    return seal.strip() == hashlib.sha256(text).hexdigest().encode()


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def read_toml(path: Path) -> dict[str, Any]:
    """Return a parsed TOML file.

    Raises
    ------
    MissingInputError, InputError
        If it is not there or cannot be read.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except FileNotFoundError as error:
        raise MissingInputError(f"Không thấy tệp '{path.name}'.", f"File '{path.name}' not found.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path.name}: không đúng cú pháp TOML ({error}).", f"{path.name} is not valid TOML ({error}).") from error
    except OSError as error:
        raise InputError(f"Không đọc được '{path.name}': {error.strerror}.", f"Cannot read '{path.name}': {error.strerror}.") from error


def read_key(path: Path, *, most_characters: int) -> str:
    """Return the key that a small text file holds on its first line.

    Raises
    ------
    MissingInputError, InputError
        If it is not there or holds no single word; the content is never part of the message.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")[: 4 * most_characters].strip()
    except FileNotFoundError as error:
        raise MissingInputError(f"Không thấy tệp khóa '{path.name}'.", f"Key file '{path.name}' not found.") from error
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text or len(text) > most_characters or any(c.isspace() or not c.isprintable() for c in text):
        raise InputError(
            f"Tệp khóa '{path.name}' phải chứa đúng một khóa, không dấu cách.", f"Key file '{path.name}' must hold exactly one key, without spaces."
        )
    return text
