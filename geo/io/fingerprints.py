"""What a file or this package is, in one number: SHA-256 of its bytes.

Fingerprints decide whether a stage's result on disk still holds. The package's own fingerprint
covers all of its source and resource files and the versions of the libraries whose answers end up
in results: coarse, simple and never too small.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from geo import __version__
from geo.errors import InputError, MissingInputError
from geo.io.files import digest

__all__ = ["Fingerprint", "companions", "fingerprint", "package_fingerprint", "software_versions"]

_LIBRARIES = (
    "exactextract",
    "folium",
    "geopandas",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pyogrio",
    "pyproj",
    "python-calamine",
    "rasterio",
    "scipy",
    "shapely",
    "XlsxWriter",
)
#: Files that belong to another one and change how it is read, by the suffix of that one.
_COMPANIONS = {
    ".shp": (".dbf", ".shx", ".prj", ".cpg"),
    ".tif": (".tfw", ".prj", ".tif.aux.xml", ".tif.msk", ".tif.ovr"),
    ".tiff": (".tfw", ".prj", ".tiff.aux.xml", ".tiff.msk", ".tiff.ovr"),
    ".hgt": (".hgt.aux.xml",),
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Content of a file at one moment.

    Attributes
    ----------
    sha256 : str
    size : int
        Bytes.
    modified_ns : int
        Time stamp of the file; only to notice a change during the run, never part of a key.
    """

    sha256: str
    size: int
    modified_ns: int

    def holds(self, path: Path) -> bool:
        """Tell whether the file still is what it was; its bytes are looked at only if its time stamp is another."""
        try:
            state = path.stat()
            if (state.st_size, state.st_mtime_ns) == (self.size, self.modified_ns):
                return True
            return state.st_size == self.size and digest(path) == self.sha256
        except FileNotFoundError:
            return False


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it cannot be read, or is a folder.
    """
    try:
        state = path.stat()
        return Fingerprint(digest(path), state.st_size, state.st_mtime_ns)
    except FileNotFoundError as error:
        raise MissingInputError(
            f"Không thấy tệp '{path.name}'; hãy kiểm tra đường dẫn trong tệp dự án.",
            f"File '{path.name}' was not found; check its path in the project file.",
        ) from error
    except OSError as error:
        raise InputError(
            f"Không đọc được '{path.name}': {error.strerror}.",
            f"Cannot read '{path.name}': {error.strerror}.",
        ) from error


def companions(path: Path) -> list[Path]:
    """Return the existing files that belong to ``path`` and change how it is read (``.prj``, ``.dbf`` ...)."""
    found = (path.with_suffix(suffix) for suffix in _COMPANIONS.get(path.suffix.lower(), ()))
    return [companion for companion in found if companion.is_file()]


def _walk(entry: Traversable, name: str = "") -> Iterator[tuple[str, bytes]]:
    for child in sorted(entry.iterdir(), key=lambda e: e.name):
        if child.name == "__pycache__" or child.name.startswith("."):
            continue
        label = f"{name}/{child.name}"
        if child.is_dir():
            yield from _walk(child, label)
        elif not child.name.endswith((".pyc", ".nbi", ".nbc")):
            yield label, child.read_bytes()


@lru_cache(maxsize=1)
def package_fingerprint() -> str:
    """Return the SHA-256 over this package's files and the versions of its libraries, hexadecimal."""
    state = hashlib.sha256()
    for name, content in _walk(files("geo")):
        state.update(f"{name}\0{len(content)}\0".encode())
        state.update(content)
    for name, text in software_versions().items():
        state.update(f"{name}={text}\0".encode())
    return state.hexdigest()


@lru_cache(maxsize=1)
def software_versions() -> Mapping[str, str]:
    """Return name and version of Python, this package, its libraries and the GDAL and PROJ inside them."""
    import pyogrio
    import pyproj
    import rasterio

    versions = {"python": platform.python_version(), "vungphu": __version__}
    for name in _LIBRARIES:
        try:
            versions[name.lower()] = version(name)
        except PackageNotFoundError:  # e.g. a system-wide copy without metadata
            versions[name.lower()] = "unknown"
    versions["gdal (rasterio)"] = str(rasterio.__gdal_version__)
    versions["gdal (pyogrio)"] = str(pyogrio.__gdal_version_string__)
    versions["proj (pyproj)"] = str(pyproj.proj_version_str)
    return versions
