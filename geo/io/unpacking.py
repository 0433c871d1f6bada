"""Archives from strangers: looked at whole before anything is unpacked, unpacked never beyond what was declared and allowed.

Members land under their bare names in the folder given, so no path of an archive ever decides where something is written; an archive
that tries is refused all the same.
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from geo.errors import InputError
from geo.numbers import vietnamese

__all__ = ["Archive", "LimitedStream", "decode_gzip", "open_archive", "open_gzip"]

_CHUNK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, gzip.BadGzipFile)


class LimitedStream(io.RawIOBase):
    """Reads another stream and raises once it gives more than was allowed; damage becomes one sentence."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, most_bytes: int, label: str) -> None:
        super().__init__()
        self._stream, self._left, self._most, self._label = stream, most_bytes, most_bytes, label

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer."""
        try:
            chunk = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(self._label) from error
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._label, self._most)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _damaged(label: str) -> InputError:
    return InputError(
        f"'{label}': giải nén không được, tệp bị cắt cụt hoặc hỏng.", f"'{label}' cannot be unpacked: cut short or damaged."
    )


def _too_large(label: str, most_bytes: int) -> InputError:
    return InputError(
        f"'{label}': giải nén ra hơn {vietnamese(most_bytes / 1e6, '.0f')} MB, lớn hơn nhiều so với dự kiến, nên bị từ chối.",
        f"'{label}' unpacks to more than {most_bytes / 1e6:.0f} MB, far more than expected; it is refused.",
    )


@contextmanager
def open_gzip(path: Path, *, most_bytes: int, label: str) -> Iterator[io.BufferedReader]:
    """Open a .gz file for reading, never more than ``most_bytes`` of it.

    Raises
    ------
    InputError
        If it is damaged or larger; also while it is read.
    """
    with gzip.open(path, "rb") as stream:
        yield io.BufferedReader(LimitedStream(stream, most_bytes, label), _CHUNK)


def decode_gzip(path: Path, target: Path, *, most_bytes: int, label: str) -> None:
    """Unpack a .gz file whole; its checksums are held.

    Raises
    ------
    InputError
        If it is damaged or larger than ``most_bytes``.
    """
    with open_gzip(path, most_bytes=most_bytes, label=label) as stream, target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            out.write(chunk)


@dataclass(frozen=True)
class Archive:
    """An opened .zip whose list of members was found harmless.

    Attributes
    ----------
    archive : ZipFile
    label : str
    """

    archive: zipfile.ZipFile
    label: str

    def matching(self, pattern: str) -> list[zipfile.ZipInfo]:
        """Return the files whose path a regular expression finds, by name."""
        wanted = re.compile(pattern)
        return sorted((m for m in self.archive.infolist() if not m.is_dir() and wanted.search(m.filename)), key=lambda m: m.filename)

    @contextmanager
    def reading(self, member: zipfile.ZipInfo) -> Iterator[io.BufferedReader]:
        """Open a member, never more of it than it declares."""
        try:
            with self.archive.open(member) as stream:
                yield io.BufferedReader(LimitedStream(stream, member.file_size, self.label), _CHUNK)
        except _DAMAGE as error:
            raise _damaged(self.label) from error

    def extract(self, member: zipfile.ZipInfo, folder: Path) -> Path:
        """Unpack a member under its bare name; its checksum is held.

        Raises
        ------
        InputError
            If it is damaged, or another member has had the same name.
        """
        target = folder / _bare(member.filename)
        if target.exists():
            raise InputError(
                f"'{self.label}' chứa hai tệp cùng tên '{target.name}'.", f"'{self.label}' holds two files named '{target.name}'."
            )
        with self.reading(member) as stream, target.open("wb") as out:
            while chunk := stream.read(_CHUNK):
                out.write(chunk)
        if target.stat().st_size != member.file_size:
            raise _damaged(self.label)
        return target


def _bare(name: str) -> str:
    return re.split(r"[\\/]", name)[-1]


def _unsafe(member: zipfile.ZipInfo) -> bool:
    name = member.filename
    linked = stat.S_ISLNK(member.external_attr >> 16)
    hidden = any(ord(c) < 32 for c in name)
    return name.startswith(("/", "\\")) or ".." in re.split(r"[\\/]", name) or ":" in name or hidden or linked


@contextmanager
def open_archive(path: Path, *, patterns: Sequence[str], most_bytes: int, most_members: int, label: str) -> Iterator[Archive]:
    """Open a .zip after a look at its list.

    Parameters
    ----------
    path : Path
    patterns : sequence of str
        Regular expressions of the members that are wanted: their declared sizes count.
    most_bytes : int
        That the wanted members may declare together.
    most_members : int
        Files in all.
    label : str
        Name shown to people.

    Raises
    ------
    InputError
        If a path leads out of the folder or is a link, a wanted member has a password, or sizes are beyond the limits.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGE, OSError) as error:
        raise _damaged(label) from error
    with archive:
        members = archive.infolist()
        if len(members) > most_members:
            raise InputError(
                f"'{label}' chứa {len(members)} tệp, nhiều hơn {most_members}; tệp bị từ chối.",
                f"'{label}' holds {len(members)} files, more than {most_members}; it is refused.",
            )
        for member in members:
            if _unsafe(member):
                name = "".join(c if c.isprintable() else "?" for c in member.filename)[:80]
                raise InputError(
                    f"'{label}' chứa đường dẫn nguy hiểm '{name}'; tệp bị từ chối.",
                    f"'{label}' holds the unsafe path '{name}'; it is refused.",
                )
        opened = Archive(archive, label)
        wanted = {m.filename: m for pattern in patterns for m in opened.matching(pattern)}
        if any(m.flag_bits & 0x1 for m in wanted.values()):
            raise InputError(f"'{label}' được đặt mật khẩu.", f"'{label}' is encrypted.")
        if sum(m.file_size for m in wanted.values()) > most_bytes:
            raise _too_large(label, most_bytes)
        yield opened
