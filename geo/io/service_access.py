"""How a line reaches its user, in the words that tables use: mobile or fixed."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from geo.errors import InputError
from geo.io.resources import load_toml
from geo.io.tables import Table
from geo.service_frames import ACCESSES
from geo.text import fold, fold_key
from geo.validation import IssueLog
from geo.values import parse_texts

__all__ = ["access_column", "access_word", "given_access", "is_wifi"]

_CHOICES = "di động / mobile, cố định / fixed"


@lru_cache(maxsize=1)
def _spellings() -> tuple[dict[str, str], tuple[tuple[str, str], ...], frozenset[str]]:
    """Return whole spellings, spellings that may stand inside a text, and those of Wi-Fi."""
    words = load_toml("speed_tests.toml")["accesses"]
    pairs = [(w, name) for name in ACCESSES for w in (name, *words[name])]
    whole = {fold_key(w): name for w, name in pairs}
    inside = tuple((f" {fold(w)} ", name) for w, name in pairs)
    return whole, inside, frozenset(fold_key(w) for w in words["wifi"])


def access_word(text: object) -> str:
    """Return ``"mobile"`` or ``"fixed"`` as a text means it ("Cố định (FTTH)", "4G"), empty if it means neither or both."""
    whole, inside, _ = _spellings()
    if (key := fold_key(text)) in whole:
        return whole[key]
    folded = f" {fold(text)} "
    found = {name for word, name in inside if word in folded}
    return found.pop() if len(found) == 1 else ""


def is_wifi(text: object) -> bool:
    """Tell whether a text says that the test ran over Wi-Fi."""
    return fold_key(text) in _spellings()[2]


def access_column(table: Table, frame: pd.DataFrame, field: str, log: IssueLog, *, state_unknown: bool) -> pd.Series:
    """Return the access that a column's cells name, empty where they name none; what is not understood is stated."""
    if field not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    texts = parse_texts(frame[field])
    kinds = texts.unique()
    words = texts.map({t: access_word(t) for t in kinds}).astype("str")
    air = texts.map({t: is_wifi(t) for t in kinds}).to_numpy(dtype=bool)
    if air.any():
        log.add("speed_over_wifi", table.source, rows=frame.index[air], column=table.header(field))
    unknown = ((words == "") & (texts != "")).to_numpy(dtype=bool)
    if state_unknown and unknown.any():
        log.add("choice_unknown", table.source, rows=frame.index[unknown], column=table.header(field),
                came=list(texts[unknown]), fields={"choices": _CHOICES})
    return words


def given_access(text: str) -> str:
    """Return the access that the project file gives, empty if it gives none.

    Raises
    ------
    InputError
        If it is none.
    """
    if not text:
        return ""
    access = access_word(text)
    if not access:
        raise InputError(
            f"access = '{text}': được phép {', '.join(ACCESSES)}.", f"access = '{text}': allowed are {', '.join(ACCESSES)}."
        )
    return access
