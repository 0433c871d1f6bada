"""One file that cannot be used is a finding; the others are still read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geo.errors import InputError
from geo.validation import IssueLog, Source

__all__ = ["stating"]


@contextmanager
def stating(log: IssueLog, file: str) -> Iterator[None]:
    """Turn the refusal of one file into a finding, so that everything else is heard of too."""
    try:
        yield
    except InputError as error:
        log.add(
            "file_unreadable",
            Source(file),
            came=file,
            fields={"message_vi": _bare(error.message.vi, file), "message_en": _bare(error.message.en, file)},
        )


def _bare(message: str, file: str) -> str:
    """Return a sentence without the file's name, which the finding names itself, and without its full stop."""
    return message.removeprefix(f"{file}: ").rstrip(".")
