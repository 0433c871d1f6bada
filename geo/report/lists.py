"""The lists that leave the department: villages to the ministry in its split, and to each operator its own.

The ministry's list names stations and operators, as the practice of answers to the ministry has it. An operator's
list is made from that operator's rows of :func:`geo.villages.operator_service` and from what is known of the village
itself: nothing of another operator, no name, site or level, can stand in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import TECHNOLOGIES, CoverageSettings
from geo.coverage.units import SPLITS, split_of
from geo.errors import Bilingual, InputError
from geo.io.resources import load_toml
from geo.mapping.labels import date_text
from geo.report.phrases import joined, number_text, phrases, short_number_text
from geo.report.tables import Arranged, arrange, code_words, result_table, tables_workbook
from geo.text import fold
from geo.villages import VillageSettings

__all__ = ["MINISTRY_FILE", "ListFacts", "ministry_list", "operator_file_names", "operator_list", "village_lists"]

MINISTRY_FILE = "lists/ministry_villages.xlsx"
_CLASSES = ("white", "weak", "undecided", "voice_only", "no_4g", "single_operator", "served")
_LISTED = ("white", "weak")
#: Classes of villages whose representative point somebody serves.
_POINT_SERVED = ("voice_only", "no_4g", "single_operator", "served")
#: What clusters of households may rest on; with nothing of it nobody can tell.
_LOOKED_AT = ("buildings", "population")
_OPEN_ROWS = ("weak_undecided", "weak_not_looked")
_BLOCKED, _FREE = "blocked_", ("grazed", "clear")


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What the lists say of the project and of how they were made.

    Attributes
    ----------
    project : str
        Name, as the titles have it.
    day : date
        That the figures are valid for; the files state it as their own.
    language : {"vi", "en"}
    settings : CoverageSettings
    village_settings : VillageSettings
    made_up : bool
        Whether the data is invented; the notes then say so first.
    """

    project: str
    day: date
    language: Literal["vi", "en"]
    settings: CoverageSettings
    village_settings: VillageSettings
    made_up: bool = False


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases("results/lists.toml").say(section, entry, **fields)


def village_lists(
    villages: pd.DataFrame,
    operators: pd.DataFrame,
    clusters: pd.DataFrame,
    communes: pd.DataFrame,
    facts: ListFacts,
) -> dict[str, bytes]:
    """Return every list by its file name: the ministry's, then the operators' by name.

    Parameters
    ----------
    villages : DataFrame
        Of :func:`geo.villages.classify_villages`.
    operators : DataFrame
        Of :func:`geo.villages.operator_service`, of the same villages.
    clusters : DataFrame
        Of :func:`geo.villages.weak_clusters`.
    communes : DataFrame
        commune_code, commune_name.
    facts : ListFacts
    """
    names = operator_file_names(sorted(set(operators["operator"])))
    return {
        MINISTRY_FILE: ministry_list(villages, operators, communes, facts),
        **{file: operator_list(name, villages, operators, clusters, communes, facts) for name, file in names.items()},
    }


def operator_file_names(operators: Sequence[str]) -> dict[str, str]:
    """Return the file of each operator: ``"Mạng A"`` has ``lists/operator_mang_a.xlsx``.

    Operators whose names fold to the same text are numbered in their order.
    """
    names: dict[str, str] = {}
    for operator in operators:
        base = fold(operator).replace(" ", "_") or "unnamed"
        name, number = base, 1
        while name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[operator] = name
    return {operator: f"lists/operator_{name}.xlsx" for operator, name in names.items()}


# -- the ministry


def ministry_list(
    villages: pd.DataFrame, operators: pd.DataFrame, communes: pd.DataFrame, facts: ListFacts
) -> bytes:
    """Return the workbook of white and weak villages in the split by which the ministry counts.

    Sheets: the summary with all classes by split (so that the parts add up to all villages), white villages,
    weak villages, notes, meanings of the columns. Parameters as :func:`village_lists` has them.
    """
    frame = _ministry_rows(villages, operators, communes, facts.settings.counting)
    sheets = [
        _sheet("ministry_summary", "summary", _summary(villages)),
        *(_sheet("ministry_villages", name, _numbered(frame[frame["class"] == name])) for name in _LISTED),
        _notes(list(_ministry_notes(villages, facts)), facts.language),
    ]
    title = _say("titles", "ministry", project=facts.project)
    return tables_workbook(sheets, language=facts.language, created=facts.day, title=title.text(facts.language))


def _ministry_rows(
    villages: pd.DataFrame, operators: pd.DataFrame, communes: pd.DataFrame, counting: Sequence[str]
) -> pd.DataFrame:
    frame = villages.copy()
    frame["split"] = split_of(villages)
    frame["commune_name"] = _commune_names(villages, communes)
    missing = operators[operators["service"] == "unserved"].groupby("village_id", sort=False)["operator"].agg("; ".join)
    named = missing.to_dict()  # a frame of no missing operator is one of numbers, and takes no text
    frame["operators_missing"] = [named.get(village, "") for village in frame["village_id"]]
    for technology in TECHNOLOGIES:
        service = _technology_service(operators, technology) if technology in counting else pd.Series(dtype=object)
        frame[f"service_{technology.lower()}"] = frame["village_id"].map(service)
    frame["nearest_site_name"] = frame["nearest_site_name"].where(frame["nearest_site_name"] != "", frame["nearest_site_id"])
    frame["terrain_blocked"] = pd.array([_blocked(text) for text in frame["obstruction"]], dtype="boolean")
    order = np.lexsort(
        (frame["village_id"].astype(str), frame["commune_code"].astype(str), frame["split"].map(SPLITS.index))
    )
    return frame.iloc[order]


def _technology_service(operators: pd.DataFrame, technology: str) -> pd.Series:
    """Return by village what all operators together have of a technology."""

    def having(column: str) -> pd.Series:
        return operators[column].str.split(", ").map(lambda names: technology in names)

    by = operators["village_id"]
    served = having("technologies_served").groupby(by, sort=False).any()
    unserved = having("technologies_unserved").groupby(by, sort=False).all()
    return pd.Series(np.select([served, unserved], ["served", "unserved"], "undecided"), index=served.index)


def _blocked(obstruction: str) -> bool | None:
    kind = obstruction.rpartition("=")[2].partition("+")[0]
    if kind.startswith(_BLOCKED):
        return True
    return False if kind in _FREE else None


def _summary(villages: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of each class by split, of white and weak together, of all, and of those that may be weak."""
    split = split_of(villages)
    of_class = {name: villages["class"].eq(name).to_numpy(dtype=bool) for name in _CLASSES}
    chosen = {
        "white": of_class["white"],
        "weak": of_class["weak"],
        "white_weak": of_class["white"] | of_class["weak"],
        **{name: of_class[name] for name in _CLASSES[2:]},
        "total": np.ones(len(villages), dtype=bool),
        **_weak_open(villages),
    }
    status = str(_criterion()["status"])
    rows = []
    for name, mask in chosen.items():
        row: dict[str, object] = {"row": name, "villages": int(mask.sum())}
        row |= {part: int((mask & (split == part)).sum()) for part in SPLITS}
        for column in ("households", "population"):
            known = villages[column].to_numpy(dtype=np.float64, na_value=np.nan)[mask]
            row[column] = float(np.nansum(known)) if np.isfinite(known).any() or not len(known) else np.nan
            row[f"without_{column}"] = int(np.isnan(known).sum())
        row["criterion_status"] = status if name in {"white", "weak", "white_weak", *_OPEN_ROWS} else ""
        rows.append(row)
    return pd.DataFrame(rows)


def _weak_open(villages: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the villages whose point is served and whose clusters are not settled: they may be weak, whatever their class.

    They stand behind the total, as "of these": their classes (mostly ``served``) count them already. Where it is not known
    where households are, nobody could look: a row of its own.
    """
    open_ = villages["weak"].isna().to_numpy(dtype=bool) & villages["class"].isin(_POINT_SERVED).to_numpy(dtype=bool)
    looked = villages["cluster_basis"].isin(_LOOKED_AT).to_numpy(dtype=bool)
    return {"weak_undecided": open_ & looked, "weak_not_looked": open_ & ~looked}


def _criterion() -> Mapping[str, object]:
    entry: Mapping[str, object] = load_toml("defaults.toml")["villages"]["weak_cluster_households"]
    return entry


# -- operators


def operator_list(
    operator: str,
    villages: pd.DataFrame,
    operators: pd.DataFrame,
    clusters: pd.DataFrame,
    communes: pd.DataFrame,
    facts: ListFacts,
) -> bytes:
    """Return the workbook of the villages that one operator does not serve.

    Sheets: villages that are white, or that this operator is known not to serve; villages that cannot be decided
    for it, and why; weak clusters of households; notes; meanings of the columns. Parameters as
    :func:`village_lists` has them.

    Raises
    ------
    InputError
        If nothing is known of such an operator.
    """
    own = operators[operators["operator"] == operator].drop(columns="operator")
    if own.empty:
        raise InputError(
            f"Không có nhà mạng '{operator}' trong kết quả.", f"The results have no operator '{operator}'."
        )
    given = ["village_id", "village_name", "commune_code", "lon", "lat", "households", "population", "grid_power",
             "difficult_area", "deadline"]  # fmt: skip
    # Of the classes only white is passed on: all others say something of other operators.
    frame = villages[given].assign(white=villages["class"].eq("white")).merge(own, on="village_id", validate="one_to_one")
    frame["commune_name"] = _commune_names(frame, communes)
    unserved = frame["service"] == "unserved"
    frame["case"] = np.select([frame["white"], unserved], ["white", "missing"], "undecided")
    frame = frame.iloc[np.lexsort((frame["village_id"].astype(str), frame["commune_code"].astype(str)))]
    own_clusters = clusters.drop(columns=["evidence", "cells"]).merge(
        own[["village_id", "nearest_site_id", "nearest_site_name", "nearest_site_km", "obstruction"]], on="village_id"
    )
    own_clusters["commune_name"] = _commune_names(own_clusters, communes)
    keys = own_clusters["cluster"], own_clusters["village_id"].astype(str), own_clusters["commune_code"].astype(str)
    sheets = [
        _sheet("operator_villages", "unserved", _numbered(frame[frame["service"] == "unserved"])),
        _sheet("operator_villages", "undecided", _numbered(frame[frame["service"] == "undecided"])),
        _sheet("operator_clusters", "clusters", _numbered(own_clusters.iloc[np.lexsort(keys)])),
        _notes(list(_operator_notes(operator, facts)), facts.language),
    ]
    title = _say("titles", "operator", operator=operator, project=facts.project)
    return tables_workbook(sheets, language=facts.language, created=facts.day, title=title.text(facts.language))


# -- what both share


def _commune_names(frame: pd.DataFrame, communes: pd.DataFrame) -> npt.NDArray[np.object_]:
    names = communes.drop_duplicates("commune_code").set_index("commune_code")["commune_name"]
    of_code = dict(names.items())
    return np.array([of_code.get(code, "") for code in frame["commune_code"]], dtype=object)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(number=np.arange(1, len(frame) + 1))


def _sheet(table: str, sheet: str, frame: pd.DataFrame) -> Arranged:
    """Return a frame's rows with the columns of a table, on a sheet of a name of its own."""
    kind = result_table(table)
    columns = [column.name for column in kind.columns]
    return arrange(frame[columns], replace(kind, title=_say("sheets", sheet)))


def _notes(notes: Sequence[tuple[Bilingual, Bilingual]], language: str) -> Arranged:
    rows = [(topic.text(language), text.text(language)) for topic, text in notes]
    return _sheet("list_notes", "notes", pd.DataFrame(rows, columns=["topic", "text"]))


def _note(name: str, /, topic: str = "", **fields: object) -> tuple[Bilingual, Bilingual]:
    return _say("topics", topic or name), _say("notes", name, **fields)


def _shared_notes(facts: ListFacts) -> Iterator[tuple[Bilingual, Bilingual]]:
    if facts.made_up:
        yield _note("made_up")
    status = str(_criterion()["status"])
    households = short_number_text(facts.village_settings.weak_cluster_households)
    yield _note("criteria", status=code_words("criterion_status", status), households=households)
    yield _note("classes")
    settings = facts.settings
    levels = joined(
        _say("notes", "level", technology=technology, level=short_number_text(settings.levels_dbm[technology]))
        for technology in TECHNOLOGIES
        if technology in settings.counting and technology in settings.levels_dbm
    )
    yield _note("levels", levels=levels)
    yield _note("counting", technologies=", ".join(settings.counting))
    yield _note("evidence")


def _ministry_notes(villages: pd.DataFrame, facts: ListFacts) -> Iterator[tuple[Bilingual, Bilingual]]:
    yield from _shared_notes(facts)
    yield _note("split")
    yield _note("silence", n=number_text(float(villages["class"].eq("undecided").sum())))
    yield _note("weak_open", n=number_text(float(_weak_open(villages)["weak_undecided"].sum())))
    yield _note("people")
    yield _note("date", day=date_text(facts.day.isoformat()), project=facts.project)


def _operator_notes(operator: str, facts: ListFacts) -> Iterator[tuple[Bilingual, Bilingual]]:
    yield from _shared_notes(facts)
    yield _note("own", operator=operator)
    yield _note("silence_operator", topic="silence", sheet=_say("sheets", "undecided"))
    yield _note("date", day=date_text(facts.day.isoformat()), project=facts.project)
