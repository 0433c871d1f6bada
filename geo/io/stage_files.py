"""What stages hand to each other: frames as (Geo)Parquet, arrays as npz, findings as JSON.

No pickles: a run folder may have been passed on, and reading it must never run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.files import read_json, replacing, write_json
from geo.validation import AreaRecord, Finding, IssueCatalogue, IssueLog, RowCount, Source

__all__ = ["read_arrays", "read_frame", "read_issues", "write_arrays", "write_frame", "write_issues"]


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame to Parquet, a GeoDataFrame to GeoParquet, at once and with the same bytes each time."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, compression="zstd", index=False)


def read_frame(path: Path) -> pd.DataFrame:
    """Return a frame that :func:`write_frame` wrote, a GeoDataFrame if it was one."""
    import pyarrow.parquet as pq

    if b"geo" in (pq.read_schema(path).metadata or {}):
        frame: pd.DataFrame = gpd.read_parquet(path)
        return frame
    return pd.read_parquet(path)


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write named arrays to a compressed ``.npz`` at once."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **dict(arrays))


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that :func:`write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as content:
        return {name: content[name] for name in content.files}


def write_issues(path: Path, log: IssueLog) -> None:
    """Write all findings, row counts and former communes of a log, in their order."""
    findings = [
        {
            "code": f.kind.code,
            "file": f.source.file,
            "sheet": f.source.sheet,
            "rows": f.rows.tolist(),
            "column": f.column,
            "came": list(f.came),
            "fields": dict(f.fields),
        }
        for f in log
    ]
    counts = [
        {
            "kind": c.kind,
            "file": c.source.file,
            "sheet": c.source.sheet,
            "in": c.rows_in,
            "used": c.rows_used,
            "dropped": c.rows_dropped,
        }
        for c in log.counts
    ]
    areas = [
        {
            "file": a.source.file, "sheet": a.source.sheet, "rows": list(a.rows), "came": a.came, "how": a.how, "former": list(a.former),
            "today": list(a.today), "near": list(a.near),
        }
        for a in log.areas
    ]  # fmt: skip
    write_json(path, {"findings": findings, "counts": counts, "areas": areas})


def read_issues(path: Path, catalogue: IssueCatalogue) -> IssueLog:
    """Return the log that :func:`write_issues` wrote."""
    content = read_json(path)
    log = IssueLog(catalogue)
    for item in content["findings"]:
        came = np.empty(len(item["came"]), dtype=object)
        came[:] = item["came"]
        log.findings.append(
            Finding(
                catalogue[item["code"]],
                Source(item["file"], item["sheet"]),
                np.asarray(item["rows"], dtype=np.int64),
                item["column"],
                came,
                item["fields"],
            )
        )
    for item in content.get("areas", []):
        former, today, near = (tuple(item[name]) for name in ("former", "today", "near"))
        log.areas.append(AreaRecord(Source(item["file"], item["sheet"]), tuple(item["rows"]), item["came"], item["how"], former, today, near))
    for item in content["counts"]:
        source = Source(item["file"], item["sheet"])
        log.counts.append(RowCount(item["kind"], source, item["in"], item["used"], item["dropped"]))
    return log
