"""Errors that a person reads: one clear sentence, in Vietnamese and in English.

Every class is also a builtin, so that callers who know nothing of this package can still
catch what they mean (``ValueError``, ``FileNotFoundError`` ...).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AccountingError",
    "Bilingual",
    "CrsError",
    "GridMismatchError",
    "InputError",
    "MissingInputError",
    "ProjectFileError",
    "ResourceError",
    "VungphuError",
    "WorkerLostError",
]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One sentence in the two languages that every text for a person exists in."""

    vi: str
    en: str

    def __str__(self) -> str:
        return f"{self.vi} / {self.en}"

    def text(self, language: str) -> str:
        """Return the sentence in ``language`` (``"vi"`` or ``"en"``)."""
        return self.en if language == "en" else self.vi


class VungphuError(Exception):
    """Base of all errors of this package; carries its message in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        self.message = Bilingual(vi, en)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[type[VungphuError], tuple[str, str]]:
        """Pickle with both languages, so that an error crosses from a worker process unharmed."""
        return type(self), (self.message.vi, self.message.en)


class InputError(VungphuError, ValueError):
    """What the user gave cannot be used; scripts end with exit code 2."""


class ProjectFileError(InputError):
    """The project file is wrong or incomplete."""


class MissingInputError(InputError, FileNotFoundError):
    """A named input does not exist."""


class CrsError(InputError):
    """A coordinate reference system is missing, unequal, deprecated or cannot be settled."""


class GridMismatchError(VungphuError, ValueError):
    """Two rasters that must share one grid do not."""


class ResourceError(VungphuError, RuntimeError):
    """A file that ships with the package is missing or broken (not the user's fault)."""


class AccountingError(VungphuError, AssertionError):
    """Rows came in that were neither used nor explained: a defect of a reader, never of the user."""


class WorkerLostError(VungphuError, RuntimeError):
    """Worker processes died again and again (usually for lack of memory); finished pieces are kept."""
