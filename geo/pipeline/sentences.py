"""Sentences of a table in both languages: a table speaks the project's language, the map is read in either.

A stage that writes such a table leaves beside it what each sentence is in both, by which the map finds the other one. A result of an
older run has no such file, and its sentences then stay in the project's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from geo.errors import Bilingual
from geo.io.stage_files import write_frame
from geo.pipeline.reading import load_frame

__all__ = ["read_sentences", "write_sentences"]


def write_sentences(folder: Path, table: str, column: str, said: Iterable[Bilingual]) -> None:
    """Write what the sentences of a table's column are in both languages, each once.

    Parameters
    ----------
    folder : Path
        Of the stage.
    table, column : str
    said : iterable of Bilingual
    """
    pairs = sorted({(one.vi, one.en) for one in said})
    write_frame(folder / f"{table}_sentences.parquet", pd.DataFrame([(column, *pair) for pair in pairs], columns=["column", "vi", "en"]))


def read_sentences(folder: Path, table: str) -> Mapping[str, Mapping[str, Bilingual]]:
    """Return column to sentence, in whichever language, to both; empty where the stage left none.

    Parameters
    ----------
    folder : Path
        Of the stage.
    table : str
    """
    frame = load_frame(folder, f"{table}_sentences")
    found: dict[str, dict[str, Bilingual]] = {}
    for column, vi, en in [] if frame is None else frame[["column", "vi", "en"]].astype(str).itertuples(index=False):
        found.setdefault(column, {}).update({vi: Bilingual(vi, en), en: Bilingual(vi, en)})
    return found
