"""Whose list a table is, and of which technology, by its titles, its sheet and the names of file and folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pandas as pd

from geo.io.folder_look import TableLook
from geo.io.folder_roles import schema_of
from geo.operators import OperatorCatalogue
from geo.text import fold
from geo.values import is_blank

__all__ = ["operator_of", "operators_in", "technology_in", "technology_of"]

_OPERATOR_NEEDED = ("sites", "coverage_claims")
_TECHNOLOGY = re.compile(r"(?<![0-9a-z])([2345]g)(?![a-z0-9])")


def operator_of(kind: str, file: str, look: TableLook, operators: OperatorCatalogue) -> tuple[str, tuple[str, ...]]:
    """Say whose list it is where no column does, and, if that cannot be told, which operators are named.

    Titles, sheet and file name are asked together: the one operator that all of them which name any agree on. Only where none
    does are the folders asked, the nearest first.
    """
    if kind not in {*_OPERATOR_NEEDED, "cells"}:
        return "", ()
    match = schema_of(kind).match(look.raw.headers).columns
    told = [match[n] for n in ("operator", "operator_name", "mcc") if n in match]
    if any(not is_blank(look.raw.cells[place]).all() for place in told):
        return "", ()
    *folders, name = PurePosixPath(file).with_suffix("").parts
    near = [operators_in(" ; ".join(look.raw.preamble), operators), operators_in(look.sheet, operators), operators_in(name, operators)]
    named = [n for n in near if n] or [n for n in (operators_in(f, operators) for f in reversed(folders)) if n][:1]
    if not named:
        return "", ()
    agreed = set.intersection(*named)
    if len(agreed) == 1:
        return agreed.pop(), ()
    return "", tuple(sorted(set.union(*named)))


def technology_of(kind: str, file: str, look: TableLook) -> str:
    """Return the technology of a coverage claim without a column for it, by its titles, sheet, file and folders; empty if none says."""
    if kind != "coverage_claims" or "technology" in schema_of(kind).match(look.raw.headers).columns:
        return ""
    texts = [*look.raw.preamble, look.sheet, *reversed(PurePosixPath(file).with_suffix("").parts)]
    return next((t for text in texts if (t := technology_in(text))), "")


def operators_in(text: str, operators: OperatorCatalogue) -> set[str]:
    """Return every operator that a title or a file's name names."""
    words = re.sub(r"[_\-./,;:()\[\]+&]+", " ", text)
    known = {o.name for o in operators.operators}
    for pieces in ([words], _pieces(words)):  # a name of more than two words is found whole only
        found = operators.resolve(pd.Series(pieces, dtype="str"))
        names = {str(n) for n, unknown in zip(found.names, found.unknown, strict=True) if not unknown} & known
        if names:
            return names
    return set()


def _pieces(words: str) -> list[str]:
    """Return runs of two words and single ones: a name of the department's own catalogue is found whole only."""
    listed = words.split()
    return [" ".join(listed[i : i + 2]) for i in range(len(listed) - 1)] + listed


def technology_in(text: str) -> str:
    """Return the one technology that a text names, empty if none or several."""
    found = set(_TECHNOLOGY.findall(fold(re.sub(r"[_\-./]+", " ", text))))
    return found.pop().upper() if len(found) == 1 else ""
