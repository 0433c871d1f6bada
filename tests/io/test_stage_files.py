"""What stages hand to each other comes back as it was, with the same bytes each time."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import LineString, Point

from geo.errors import Bilingual
from geo.io.stage_files import read_arrays, read_frame, read_issues, write_arrays, write_frame, write_issues
from geo.pipeline.analysis import _issues
from geo.validation import AreaRecord, Effect, IssueCatalogue, IssueKind, IssueLog, Severity, Source


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": ["00001", ""],
            "level_dbm": [-97.5, np.nan],
            "time": pd.to_datetime(["2026-03-02 10:00:00.123456789", None]),
            "grid_power": pd.array([True, None], dtype="boolean"),
            "row": np.array([3, 7], dtype=np.int64),
        }
    )


def test_frames_come_back(tmp_path: Path) -> None:
    write_frame(tmp_path / "a.parquet", frame())
    pd.testing.assert_frame_equal(read_frame(tmp_path / "a.parquet"), frame())
    write_frame(tmp_path / "empty.parquet", frame().iloc[:0])
    pd.testing.assert_frame_equal(read_frame(tmp_path / "empty.parquet"), frame().iloc[:0])


def test_geometries_come_back(tmp_path: Path) -> None:
    places = gpd.GeoDataFrame(
        {"code": ["1", "2"]}, geometry=[Point(105, 21), LineString([(0, 0), (1, 1)])], crs=4326
    )
    write_frame(tmp_path / "a.parquet", places)
    back = read_frame(tmp_path / "a.parquet")
    assert isinstance(back, gpd.GeoDataFrame)
    assert back.crs.to_epsg() == 4326
    assert_geodataframe_equal(back, places)


def test_arrays_come_back(tmp_path: Path) -> None:
    arrays = {"level": np.array([[1.5, np.nan]], dtype=np.float32), "state": np.array([1, 6], dtype=np.uint8)}
    write_arrays(tmp_path / "a.npz", arrays)
    back = read_arrays(tmp_path / "a.npz")
    assert list(back) == ["level", "state"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(back[name], values)
        assert back[name].dtype == values.dtype


def test_objects_are_refused_both_ways(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(tmp_path / "a.npz", {"a": np.array([{}], dtype=object)})
    assert list(tmp_path.iterdir()) == []
    np.savez(tmp_path / "forged.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "forged.npz")


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_frame(tmp_path / f"{name}.parquet", frame())
        write_arrays(tmp_path / f"{name}.npz", {"x": np.arange(1000)})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_findings_come_back(tmp_path: Path) -> None:
    text = Bilingual("Mã '{code}' lặp", "Code '{code}' repeats")
    kinds = {
        "twice": IssueKind("twice", Severity.WARNING, Effect.ROW_DROPPED, text, text, text),
        "table": IssueKind("table", Severity.ERROR, Effect.FILE_REFUSED, text, text, text),
    }
    catalogue = IssueCatalogue(kinds)
    log = IssueLog(catalogue)
    source = Source("trạm.xlsx", "BTS")
    log.add("twice", source, rows=[4, 9], column="Mã trạm", came=["A1", "=A2"], fields={"code": "A"})
    log.add("table", Source("b.csv"), came="x")
    log.close("sites", source, rows_in=10, rows_used=8)
    write_issues(tmp_path / "issues.json", log)
    back = read_issues(tmp_path / "issues.json", catalogue)
    assert back.counts == log.counts
    assert back.has_errors
    for one, other in zip(back, log, strict=True):
        assert (one.kind, one.source, one.column, one.fields) == (
            other.kind,
            other.source,
            other.column,
            other.fields,
        )
        assert one.rows.tolist() == other.rows.tolist()
        assert one.came.tolist() == other.came.tolist()
        assert one.title == other.title


def test_what_former_communes_were_matched_with_reaches_the_workbook_of_a_run(tmp_path: Path) -> None:
    """The sentences of these findings point to a sheet that is made of these records."""
    log = IssueLog(IssueCatalogue({}))
    log.areas.append(AreaRecord(Source("thon.xlsx", "Thôn"), (2, 5), "Xã Cũ Thử", "name", ("Xã Cũ Thử",), ("Xã Nay (00001)", "Xã Khác (00002)"), ("Xã Cú Thử",)))
    write_issues(tmp_path / "issues.json", log)
    back = read_issues(tmp_path / "issues.json", IssueCatalogue({}))
    assert back.areas == log.areas
    book = openpyxl.load_workbook(io.BytesIO(_issues(SimpleNamespace(date=dt.date(2026, 11, 1), name="Thử"), [back, log])))  # type: ignore[arg-type]
    assert book["Xã cũ - Former communes"].max_row == 3
