"""The manifest: what went in, what was assumed, what ran, and what came of it.

Everything but the entry ``run`` depends on inputs, settings and code alone; times live only there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from geo import __version__
from geo.io.fingerprints import software_versions
from geo.io.resources import load_toml
from geo.pipeline.engine import StageResult
from geo.pipeline.keys import canonical
from geo.validation import Finding, IssueLog

__all__ = ["manifest"]


def manifest(
    *,
    project: Mapping[str, Any],
    results: Sequence[StageResult],
    log: IssueLog,
    later: Sequence[IssueLog],
    facts: Mapping[str, Any],
    started: datetime,
    finished: datetime,
) -> dict[str, Any]:
    """Return the content of ``manifest.json`` without the checksums of the outputs.

    Parameters
    ----------
    project : mapping
        Name, date and the rest of the project file's ``[project]``.
    results : sequence of StageResult
        All stages, in order.
    log : IssueLog
        Findings and row counts of the readers.
    later : sequence of IssueLog
        Findings of later stages.
    facts : mapping
        What stages state about themselves: ``rules``, ``defaults_used``, ``model`` ...
    started, finished : datetime
        With time zone.
    """
    return {
        "vungphu": __version__,
        "project": canonical(project),
        **canonical(facts),
        "validation": dict(load_toml("results/analysis.toml")["model"]["validated"]),
        "inputs": _inputs(results, log),
        "findings": _findings([finding for each in (log, *later) for finding in each]),
        "stages": [
            {
                "name": result.stage.name,
                "key": result.key,
                "settings": canonical(result.stage.settings),
                "counts": canonical(result.record),
            }
            for result in results
        ],
        "software": dict(software_versions()),
        "run": {
            "started": started.isoformat(timespec="seconds"),
            "finished": finished.isoformat(timespec="seconds"),
            "stages": {
                result.stage.name: {"seconds": round(result.seconds, 3), "reused": result.reused}
                for result in results
            },
        },
    }


def _inputs(results: Iterable[StageResult], log: IssueLog) -> list[dict[str, Any]]:
    """Return every input file with its checksum and the row counts of its tables."""
    marks = {label: mark for result in results for label, mark in result.inputs.items()}
    tables: dict[str, list[dict[str, Any]]] = {}
    for count in log.counts:
        tables.setdefault(count.source.file, []).append(
            {
                "kind": count.kind,
                "sheet": count.source.sheet,
                "rows_in": count.rows_in,
                "rows_used": count.rows_used,
                "rows_dropped": count.rows_dropped,
            }
        )
    return [
        {
            "file": label,
            "sha256": marks[label].sha256 if label in marks else None,
            "bytes": marks[label].size if label in marks else None,
            "tables": tables.get(label, []),
        }
        for label in sorted({*marks, *tables})
    ]


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return each kind of finding with how often it was stated and how many rows it names."""
    found: dict[str, dict[str, Any]] = {}
    for finding in findings:
        kind = finding.kind
        entry = found.setdefault(
            kind.code,
            {
                "code": kind.code,
                "severity": kind.severity.value,
                "effect": kind.effect.value,
                "title": {"vi": finding.title.vi, "en": finding.title.en},
                "findings": 0,
                "rows": 0,
            },
        )
        entry["findings"] += 1
        entry["rows"] += finding.count
    return [found[code] for code in sorted(found)]
