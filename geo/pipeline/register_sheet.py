"""The register as a sheet of ``tables.xlsx``: it is made after the run, by a comparison, and stands among its tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from geo.io.files import digest, read_json, write_bytes, write_json
from geo.io.reviews import REGISTER, read_register
from geo.io.run_folder import MANIFEST, RunFolder
from geo.pipeline.results import result_frames
from geo.report.tables import arrange, result_table, tables_workbook

__all__ = ["WORKBOOK", "register_frame_of", "with_register_sheet"]

WORKBOOK = "tables.xlsx"
_NUMBERS = ("integer", "number", "share")


def register_frame_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a register read as texts (:func:`geo.io.reviews.read_register`) with the values that its columns have."""
    out = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).replace("", None)
    table = result_table(REGISTER)
    for column in table.columns:
        if column.kind in _NUMBERS:
            out[column.name] = pd.to_numeric(out[column.name], errors="coerce")
        elif column.kind == "flag":
            out[column.name] = out[column.name].map({"TRUE": True, "FALSE": False}).astype(object)
    return out


def with_register_sheet(folder: Path) -> bool:
    """Write ``tables.xlsx`` of a run anew with the register that stands beside it, and its checksum into the manifest.

    Nothing is done, and False returned, where there is no register of these very dead zones, or the run's stages are gone.

    Parameters
    ----------
    folder : Path
        Run folder; nobody else may write to it meanwhile.
    """
    if not (folder / WORKBOOK).is_file() or not (folder / f"{REGISTER}.json").is_file():
        return False
    found = read_register(folder)
    if found is None or found[1].get("new", {}).get("dead_zones_sha256") != digest(folder / "tables" / "dead_zones.csv"):
        return False
    manifest: Mapping[str, Any] = read_json(folder / MANIFEST)
    run = RunFolder(folder)
    stages = {stage["name"]: run.stage(stage["name"], str(stage["key"])) for stage in manifest["stages"] if stage.get("key")}
    if not all(name in stages and run.finished(stages[name]) is not None for name in ("villages", "dead_zones")):
        return False
    project = manifest["project"]
    operators = tuple(str(name) for name in project["operators"])
    tables = [arrange(frame, result_table(name), operators) for name, frame in result_frames(stages).items()]
    content = tables_workbook(
        [*tables, arrange(register_frame_of(found[0]), result_table(REGISTER), operators)], language=str(project["language"]),
        created=date.fromisoformat(str(project["date"])), title=str(project["name"]),
    )  # fmt: skip
    write_bytes(folder / WORKBOOK, content)
    sums = {**manifest.get("outputs", {}), WORKBOOK: digest(folder / WORKBOOK)}
    write_json(folder / MANIFEST, {**manifest, "outputs": sums})
    return True
