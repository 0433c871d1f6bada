"""A file that is still coming: its bytes so far, and beside them what the server said of it, so that the rest can be asked for.

Both lie in a folder of their own, away from finished files. The description is written before the first byte: bytes without
one, or one that cannot be read, are worth nothing and are thrown away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from geo.io.files import write_json

__all__ = ["FileDigests", "PartialFile", "PartialState", "file_digests"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class PartialState:
    """What the server said of the file that is coming.

    Attributes
    ----------
    address : str
        Without any key.
    host : str
        That answered in the end.
    validator : str
        A strong ETag or date that proves the file the same (RFC 9110, 13.1.5); empty: it cannot be gone on with.
    etag : str
    total : int or None
        Bytes in all, where the server says so.
    encoding : str
        Content-Encoding of the bytes.
    digests : mapping
        Checksums that the server gave: ``md5`` or ``sha256`` to hexadecimal digits.
    """

    address: str
    host: str = ""
    validator: str = ""
    etag: str = ""
    total: int | None = None
    encoding: str = ""
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartialFile:
    """The bytes so far and their description.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @property
    def description(self) -> Path:
        """File of the description."""
        return self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        """Return how many bytes there are."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def state(self) -> PartialState | None:
        """Return the description, None without a usable one."""
        try:
            content = json.loads(self.description.read_bytes())
            state = PartialState(**content)
        except (FileNotFoundError, ValueError, TypeError):
            return None
        texts = (state.address, state.host, state.validator, state.etag, state.encoding)
        good = all(isinstance(t, str) for t in texts) and isinstance(state.digests, dict)
        return state if good and (state.total is None or isinstance(state.total, int)) else None

    def begin(self, state: PartialState) -> None:
        """Throw away what there is and describe what comes now."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.description, asdict(state))
        self.path.touch()

    @contextmanager
    def appending(self) -> Iterator[BinaryIO]:
        """Open for writing at the end; what was written is there whatever ends the body."""
        with self.path.open("ab") as stream:
            yield stream

    def start_of(self, count: int) -> bytes:
        """Return the first bytes."""
        try:
            with self.path.open("rb") as stream:
                return stream.read(count)
        except FileNotFoundError:
            return b""

    def discard(self) -> None:
        """Remove the bytes and their description."""
        self.path.unlink(missing_ok=True)
        self.description.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class FileDigests:
    """Checksums of a file, hexadecimal, and its size."""

    sha256: str
    md5: str
    size: int


def file_digests(path: Path) -> FileDigests:
    """Return SHA-256 and MD5 of a file; MD5 only because publishers still give it, against damage and not against intent."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return FileDigests(sha256.hexdigest(), md5.hexdigest(), size)
