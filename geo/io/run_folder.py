"""The folder of a run: one writer at a time, one project, results in or not, never half.

``maps/<project>/`` holds what a person opens; ``maps/<project>/.stages/`` holds each stage's result
under the key of everything it depends on. A stage's folder counts only with its marker ``done.json``,
which is written last and lists every file with its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout

from geo.errors import InputError
from geo.io.files import digest, is_temporary, read_json, replacing, write_json
from geo.text import clean, fold

__all__ = ["MANIFEST", "PIECES", "RunFolder", "run_name"]

MANIFEST = "manifest.json"
#: Subfolder of a stage's folder for pieces of work: kept while the stage is unfinished, then removed.
PIECES = "pieces"
_DONE = "done.json"
_LONGEST_NAME = 80
_KEY_LETTERS = 20
_LOCK_SECONDS = 0.3
#: Where a project file is looked for: folders above the run folder, and how deep below each.
_ABOVE, _BELOW = 3, 2
_WINDOWS_DEVICE = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)$")
#: What a run leaves for people; a folder that holds one of them but no sign of a project is not ours.
_RESULTS = ("index.html", "tables", "tables.xlsx", "layers.gpkg", "rasters", MANIFEST)


def run_name(project: str) -> str:
    """Return the folder name of a project: ASCII letters, digits and hyphens, never empty.

    ``"Rà soát vùng lõm sóng 2026"`` gives ``"ra-soat-vung-lom-song-2026"``. A name too long, without
    any usable letter, or reserved by Windows gets the beginning of its SHA-256.
    """
    name = clean(project)
    slug = fold(name).replace(" ", "-")
    mark = hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]
    if len(slug) > _LONGEST_NAME:
        return f"{slug[:_LONGEST_NAME].rstrip('-')}-{mark}"
    if not slug or _WINDOWS_DEVICE.match(slug):
        return f"project-{slug + '-' if slug else ''}{mark}"
    return slug


def _not_writable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"Không ghi được vào thư mục '{path.name}': {error.strerror}; hãy chọn nơi khác bằng --out.",
        f"Cannot write to folder '{path.name}': {error.strerror}; choose another place with --out.",
    )


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one project's results.

    Attributes
    ----------
    path : Path
        ``maps/<project>``; made when first written to.
    """

    path: Path

    @property
    def stages(self) -> Path:
        """Folder of the stages' results."""
        return self.path / ".stages"

    def stage(self, name: str, key: str) -> Path:
        """Folder of one stage's result under its key."""
        return self.stages / f"{name}-{key[:_KEY_LETTERS]}"

    # -- one writer, one project -------------------------------------------------------------

    def check_writable(self) -> None:
        """Make the folder and see that a file can be written into it, before hours of work.

        Raises
        ------
        InputError
            If it cannot.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise _not_writable(self.path, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone; the lock of a process that was killed does not block.

        Raises
        ------
        InputError
            If another run holds it, or the folder cannot be written to.
        """
        try:
            self.stages.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.stages / "lock", timeout=_LOCK_SECONDS)
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"Một lượt chạy khác đang ghi vào thư mục '{self.path.name}'; hãy đợi nó xong rồi chạy lại, "
                "hoặc chọn nơi ghi khác bằng --out.",
                f"Another run is writing to folder '{self.path.name}'; wait for it to end and run again, "
                "or choose another place with --out.",
            ) from error
        except OSError as error:
            raise _not_writable(self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def claim(self, project_file: Path, project: str, *, overwrite: bool = False) -> None:
        """Mark the folder as this project's, refusing one that belongs to another.

        Two names may fold to the same folder, and a copied project file may keep its name; neither
        may write over the other's results in silence.

        Parameters
        ----------
        project_file : Path
            Told apart by its place relative to the run folder, so that moving both keeps the claim.
        project : str
            Name of the project.
        overwrite : bool
            Take the folder over.

        Raises
        ------
        InputError
            If the folder belongs to another project or holds results of unknown origin.
        """
        owner = {"place": self._place(project_file), "project": project}
        if not overwrite:
            found = self._owner()
            if found is not None and (
                found["project"] != project or found.get("place", owner["place"]) != owner["place"]
            ):
                raise InputError(
                    f"Thư mục '{self.path.name}' chứa kết quả của một tệp dự án khác (dự án '{found['project']}'); "
                    "hãy chọn nơi ghi khác bằng --out, đổi tên dự án, hoặc thay thế nó bằng --overwrite.",
                    f"Folder '{self.path.name}' holds the results of another project file (project "
                    f"'{found['project']}'); choose another place with --out, rename the project, or replace it with "
                    "--overwrite.",
                )
            if found is None and any((self.path / name).exists() for name in _RESULTS):
                raise InputError(
                    f"Thư mục '{self.path.name}' đã có tệp không rõ của dự án nào; hãy chọn nơi ghi khác bằng --out "
                    "hoặc ghi đè bằng --overwrite.",
                    f"Folder '{self.path.name}' already holds files of no known project; choose another place with "
                    "--out or write over them with --overwrite.",
                )
        write_json(self.stages / "project.json", owner)

    def _place(self, project_file: Path) -> str:
        """Return the mark of a project file: the SHA-256 of its place seen from the run folder."""
        try:
            place = Path(os.path.relpath(project_file.resolve(), self.path.resolve())).as_posix()
        except ValueError:  # another drive on Windows
            place = project_file.resolve().as_posix()
        return hashlib.sha256(place.encode("utf-8")).hexdigest()

    def find_project(self, name: str) -> Path | None:
        """Return the project file that the folder belongs to, None if it is not near.

        Its place is kept as a mark only (a run folder may be passed on): looked at are the files of
        this name beside, above and next to the folder, and in the working folder.

        Parameters
        ----------
        name : str
            Of the file, without folders.
        """
        wanted = (self._owner() or {}).get("place")
        home = self.path.resolve()
        if not name or Path(name).name != name or name in {".", ".."}:
            return None
        plain = re.sub(r"([*?[])", r"[\1]", name)
        for base in dict.fromkeys([*home.parents[:_ABOVE], Path.cwd()]):
            for depth in range(_BELOW + 1):
                for found in sorted(base.glob("/".join(["*"] * depth + [plain]))):
                    if found.is_file() and self._place(found) == wanted:
                        return found
        return None

    def _owner(self) -> dict[str, str] | None:
        for path, inner in ((self.stages / "project.json", None), (self.path / MANIFEST, "project")):
            try:
                content = read_json(path)
            except (FileNotFoundError, ValueError):
                continue
            if inner is not None:
                content = {"project": content.get(inner, {}).get("name", "")}
            return {key: str(value) for key, value in content.items()}
        return None

    # -- stages ------------------------------------------------------------------------------

    def finish(self, folder: Path, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a stage's marker, its record and the SHA-256 and size of every file; return the record."""
        write_json(folder / _DONE, {"record": record, "files": _listing(folder)})
        shutil.rmtree(folder / PIECES, ignore_errors=True)
        kept: Mapping[str, Any] = read_json(folder / _DONE)["record"]
        return kept

    def finished(self, folder: Path) -> Mapping[str, Any] | None:
        """Return a stage's record if its result is complete and unchanged, else ``None``."""
        try:
            marker = read_json(folder / _DONE)
            if marker["files"] != _listing(folder):
                return None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        shutil.rmtree(folder / PIECES, ignore_errors=True)  # the run was killed between marker and removal
        record: Mapping[str, Any] = marker["record"]
        return record

    def checksums(self, folder: Path) -> Mapping[str, str]:
        """Return path and SHA-256 of every file of a complete result, as its marker has them."""
        return {name: str(entry[0]) for name, entry in read_json(folder / _DONE)["files"].items()}

    def restart(self, folder: Path) -> None:
        """Make a stage's folder ready: pieces of an interrupted run stay, a broken result goes."""
        if (folder / _DONE).exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> int:
        """Remove what interrupted writes left behind; return how many files."""
        left = [path for path in self.path.rglob(".*") if path.is_file() and is_temporary(path)]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def prune(self, keep: Collection[Path]) -> None:
        """Remove the results of stages that the run no longer uses."""
        for folder in sorted(self.stages.iterdir()):
            if folder.is_dir() and folder not in keep:
                shutil.rmtree(folder)

    def discard(self) -> None:
        """Remove the stages altogether, unless an earlier run completed here; then keep what it has."""
        if not (self.path / MANIFEST).exists():
            shutil.rmtree(self.stages, ignore_errors=True)

    # -- results -----------------------------------------------------------------------------

    def publish(self, results: Mapping[str, Path], manifest: Mapping[str, Any]) -> list[str]:
        """Put the stages' results where people look for them; the manifest comes last.

        While results change there is no manifest, so that a mixed folder is never taken for a
        complete one. Files that an earlier run put here and this one does not have are removed.

        Parameters
        ----------
        results : mapping
            Path relative to the run folder (forward slashes) to the file holding the content.
        manifest : mapping
            Content of ``manifest.json``; its entry ``outputs`` is filled with the SHA-256 of each result.

        Returns
        -------
        list of str
            All results, in the order given, the manifest last.
        """
        sums = self._put(results, gone=[name for name in self._published() if name not in results])
        write_json(self._listing, sorted(results))
        write_json(self.path / MANIFEST, {**manifest, "outputs": sums})
        return [*results, MANIFEST]

    def add(self, results: Mapping[str, Path]) -> list[str]:
        """Put some stages' results beside what is there; return their paths.

        If they differ from what is there the manifest goes, since it is of another state of the folder; the next whole run
        writes it again.

        Parameters
        ----------
        results : mapping
            As for :meth:`publish`.
        """
        self._put(results, gone=[])
        return list(results)

    @property
    def _listing(self) -> Path:
        return self.stages / "published.json"

    def _published(self) -> list[str]:
        """Return what earlier runs put here."""
        try:
            return [str(name) for name in read_json(self._listing)]
        except (FileNotFoundError, ValueError):
            return []

    def _put(self, results: Mapping[str, Path], gone: Collection[str]) -> dict[str, str]:
        """Copy the results that differ from what is there, remove what is gone; return the checksums."""
        sums = {name: digest(source) for name, source in results.items()}
        changed = [name for name in results if _digest_or_none(self.path / name) != sums[name]]
        try:
            if changed or gone:
                (self.path / MANIFEST).unlink(missing_ok=True)
                write_json(self._listing, sorted({*self._published(), *results}))
            for name in gone:
                if _inside(name):
                    (self.path / name).unlink(missing_ok=True)
            for name in changed:
                with replacing(self.path / name) as temporary:
                    shutil.copyfile(results[name], temporary)
        except PermissionError as error:
            name = Path(error.filename2 or error.filename or self.path).name
            raise InputError(
                f"Không ghi được '{name}': tệp đang mở trong chương trình khác? Hãy đóng nó rồi chạy lại.",
                f"Cannot write '{name}': is it open in another program? Close it and run again.",
            ) from error
        return sums


def _digest_or_none(path: Path) -> str | None:
    return digest(path) if path.is_file() else None


def _inside(name: str) -> bool:
    """Tell whether a listed path stays within the folder (the listing lies on disk, open to all)."""
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not PurePosixPath(name).is_absolute() and ":" not in name


def _listing(folder: Path) -> dict[str, list[Any]]:
    found = {
        p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and not is_temporary(p)
    }
    return {
        name: [digest(path), path.stat().st_size]
        for name, path in sorted(found.items())
        if name != _DONE and not name.startswith(f"{PIECES}/")
    }
