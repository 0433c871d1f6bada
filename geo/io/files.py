"""Writing files so that a reader never sees half of one, and naming them so that paths travel.

A file is written under a temporary name in its own folder, flushed to the disk and renamed; a
killed run leaves at most a temporary file, never a half-written final one (a half-written GeoTIFF
opens without error and reads 0 everywhere).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geo.errors import InputError

__all__ = ["digest", "is_temporary", "read_json", "replacing", "write_bytes", "write_json", "write_text"]

_MARK = ".part-"
_CHUNK = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success flush it and rename it to ``path``.

    The temporary name keeps the suffix, so that drivers that look at it still work. If the body
    raises, the temporary file is removed and ``path`` stays as it was.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}{_MARK}", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(
            f"Không ghi được vào thư mục '{path.parent.name}': {error.strerror}.",
            f"Cannot write to folder '{path.parent.name}': {error.strerror}.",
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.filename is None:  # a full disk is met while writing, where nobody knows the name
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Tell whether a file is the remains of an interrupted write."""
    return path.name.startswith(".") and _MARK in path.name


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` at once."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str, *, encoding: str = "utf-8") -> None:
    """Write text with ``\\n`` line ends to ``path`` at once."""
    write_bytes(path, content.encode(encoding))


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys and readable Vietnamese."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return what :func:`write_json` wrote."""
    return json.loads(path.read_bytes())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()
