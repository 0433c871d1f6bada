"""The stage that says how far IPv6 has come, and the asking that comes before it when the project or the command wants it.

The network is not part of a stage: answers are written to a file, and the stage reads that like any other input. So an analysis is as
repeatable as its inputs, and a machine without network takes the answers of one that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from geo.io.ipv6_answers import AnswerFiles, read_answer_list, write_answer_list
from geo.io.resources import issue_catalogue
from geo.io.stage_files import write_frame, write_issues
from geo.ipv6 import (
    KeptAnswers,
    answers_of,
    ipv6_table,
    judge_portals,
    page_settings,
    portal_shares,
    portal_targets,
    unique_targets,
    uptake_settings,
    uptake_shares,
)
from geo.pipeline.engine import Workspace
from geo.pipeline.reading import load_frame
from geo.pipeline.settings import AnalysisSettings
from geo.standards import evidence_settings
from geo.validation import IssueLog, Source

__all__ = ["IPV6_TABLES", "ask_about_portals", "measure_ipv6", "portal_answers"]

#: Frames of the stage, and the tables that they are written to.
IPV6_TABLES = ("ipv6", "ipv6_portals")
_FOLDER = "portal_answers"
_LIST = "portal_answers.json"


def portal_answers(run: Path) -> Path:
    """File of a run folder that holds what portals answered; it may be copied from the run folder of another machine."""
    return run / _LIST


def ask_about_portals(
    run: Path, portals: pd.DataFrame, settings: AnalysisSettings, progress: Callable[[int, int], None] | None = None
) -> int:
    """Ask the network about portals whose kept answers are old or missing, and write the answers; return how many portals were to be asked about.

    Parameters
    ----------
    run : Path
        The run folder.
    portals : DataFrame
        As read.
    settings : AnalysisSettings
    progress : callable, optional
        Gets (done, total).
    """
    from geo.ipv6.asking.portals import ask_portals

    targets = unique_targets(portal_targets(portals, settings.asking))
    store = KeptAnswers(AnswerFiles(run / f".{_FOLDER}"))
    ask_portals(targets, settings.asking, page_settings(), store, progress=progress)
    write_answer_list(portal_answers(run), store.listed(targets))
    return len(targets)


def measure_ipv6(work: Workspace, settings: AnalysisSettings, answers: Path | None) -> Mapping[str, Any]:
    """Write shares of IPv6 per area and the verdicts of portals; return the counts.

    Parameters
    ----------
    work : Workspace
    settings : AnalysisSettings
    answers : Path or None
        What portals answered (:func:`portal_answers`); None: they were not asked.

    Raises
    ------
    InputError
        If the file of answers is of another form.
    """
    folder, log = work.upstream["inputs"], IssueLog(issue_catalogue())
    units, tests, portals = (load_frame(folder, name) for name in ("units", "ipv6_tests", "portals"))
    provinces = pd.Series(units["province_code"].astype(str).to_numpy(), index=units["commune_code"].astype(str))
    parts: list[pd.DataFrame] = []
    record: dict[str, Any] = {"tests": 0 if tests is None else len(tests), "portals": 0 if portals is None else len(portals)}
    if portals is not None and len(portals):
        found = answers_of(read_answer_list(answers)) if answers is not None else {}
        table = judge_portals(portals, found, settings.asking, page_settings())
        write_frame(work.folder / "ipv6_portals.parquet", table)
        parts.append(portal_shares(table, provinces))
        record["verdicts"] = {str(key): int(n) for key, n in table["verdict"].value_counts().sort_index().items()}
        _state(table, log)
    if tests is not None and len(tests):
        parts.append(uptake_shares(tests, provinces, uptake_settings(), evidence_settings()))
    filled = [part for part in parts if not part.empty]
    if filled:
        shares = pd.concat(filled, ignore_index=True)
        names = dict(zip(units["commune_code"].astype(str), units["commune_name"], strict=True))
        names |= dict(zip(units["province_code"].astype(str), units["province_name"], strict=True))
        write_frame(work.folder / "ipv6_shares.parquet", shares)
        write_frame(work.folder / "ipv6.parquet", ipv6_table(shares, names))
    write_issues(work.folder / "issues.json", log)
    return record


def _state(table: pd.DataFrame, log: IssueLog) -> None:
    """State which portals nothing is said of, and why."""
    for (file, sheet), group in table.groupby(["file", "sheet"], sort=True):
        source = Source(str(file) or "inputs.portals", str(sheet))
        for code, reason in (("ipv6_not_asked", "not_asked"), ("ipv6_machine", "machine_without_ipv6")):
            n = int((group["reason"] == reason).sum())
            if n:
                log.add(code, source, fields={"n": n})
        bad = group[group["verdict"] == "bad_address"]
        if len(bad):
            shown = bad["url"].where(bad["url"] != "", bad["host"])
            rows = bad["row"].dropna().astype(int)
            log.add("ipv6_portal_address", source, rows=rows.tolist() if len(rows) == len(bad) else (), came=list(shown) if len(rows) == len(bad) else "; ".join(shown)[:200])
