"""Streets and cables of a tiny made-up project, read from their files and put together; a missing norm is named."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from test_planning import NORMS, stages
from tiny import tiny_project

from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.pipeline.reading import RefusedInputsError, load_norms
from geo.pipeline.settings import analysis_settings
from geo.pipeline.undergrounding import STREET_TABLES, undergrounding_frames, undergrounding_lines
from geo.report.tables import arrange, result_table
from geo.validation import IssueLog

MORE = "\n".join(f'[[norm]]\nitem = "{item}"\nlow_vnd = 1\ncentral_vnd = {vnd}\nhigh_vnd = {vnd * 2}\nsource = "giả định"\nyear = 2026\n' for item, vnd in (("underground", 3_000_000_000), ("tidy", 40_000_000)))


def project_of(folder: Path, norms: str) -> Path:
    project = tiny_project(folder)
    lines = [shapely.LineString([(105.61 + 0.01 * k, 21.85), (105.62 + 0.01 * k, 21.85)]) for k in range(3)]
    streets = gpd.GeoDataFrame({"Mã đường": ["P1", "P2", "P3"], "Tên phố": ["Phố Một", "Phố Hai", "Phố Ba"], "Phố trung tâm": ["Có", "Có", ""], "Nâng cấp": ["Không", "Không", ""],
                                "Năm thi công": [2028, None, None], "Có kế hoạch thi công": ["", "Không", ""]}, geometry=lines, crs=4326)  # fmt: skip
    streets.to_file(folder / "streets.geojson", driver="GeoJSON")
    (folder / "cables.csv").write_text(
        "Tên tuyến,Doanh nghiệp,Các tuyến đường của tuyến cáp,Mã xã,Chiều dài tuyến (Km),Số lượng cáp\nT1,Mạng A,Phố Một,99001,1.1,3\nT2,Mạng B,Phố Hai,99001,1.0,2\nT3,Mạng B,Phố Lạ,99003,1.0,2\n",
        encoding="utf-8",
    )
    (folder / "ducts.csv").write_text("Tên tuyến,Tên DN,Các tuyến đường của tuyến cáp,Mã xã,Chiều dài tuyến (Km),Số lượng ống cáp,Số lượng ống cáp đang sử dụng,Loại công trình hạ tầng kỹ thuật\nD1,Mạng A,Phố Hai,99001,0.4,4,1,N1\n", encoding="utf-8")
    (folder / "norms.toml").write_text(norms, encoding="utf-8")
    text = project.read_text(encoding="utf-8").replace("[rules]", 'streets = "streets.geojson"\ncables = "cables.csv"\nducts = "ducts.csv"\n\n[rules]')
    project.write_text(text + '\n[plan]\ncosts = "norms.toml"\nyears = [2027, 2028]\n[plan.undergrounding]\nbudget_vnd = [4e9, 4e9]\njoined_m = 1\nproject_km = 1\n', encoding="utf-8")
    return project


def test_from_the_files_to_the_tables(tmp_path: Path) -> None:
    project = read_project(project_of(tmp_path / "in", NORMS + MORE))
    folder = stages(project.path, tmp_path / "maps", upto="inputs")["inputs"].folder
    log = IssueLog(issue_catalogue())
    frames, record = undergrounding_frames(folder, project, analysis_settings(project).undergrounding, target_share=0.2, norms=load_norms(folder), log=log)
    assert tuple(frames) == STREET_TABLES
    for name in STREET_TABLES:
        assert all(column.kind for column in arrange(frames[name], result_table(name)).columns)
    rows = frames["undergrounding"].set_index("section_id")
    assert rows.loc["P1", ["year", "action", "road_works"]].tolist() == [2028, "underground", True], "a year of works within the plan is planned works"
    assert rows.loc["P2", ["year", "action", "free_conduits"]].tolist() == [2027, "underground", 3]
    assert rows.loc["P3", "remark"] == "no_cable_listed", "the route put nowhere is of another commune"
    assert rows.loc["P3", "unknown"] == "centre_street; upgraded; road_works; heritage"
    assert rows.loc["P1", "cost_vnd"] == round(rows.loc["P1", "length_km"] * 3_000_000_000)
    assert frames["undergrounding_years"]["underground_share"].tolist() == pytest.approx([0.4 / 3.5, 1.4 / 3.5, 2.5 / 3.5])
    assert [finding.kind.code for finding in log] == ["cable_over_no_street"]
    said = [line.vi for line in undergrounding_lines(record)]
    assert any("11,4 % đã ngầm" in line for line in said)
    assert any(line.startswith("2028: 1 dự án") and "Ngân sách 4.000.000.000 đồng" in line for line in said)


def test_a_missing_norm_is_named(tmp_path: Path) -> None:
    with pytest.raises(RefusedInputsError) as caught:
        stages(project_of(tmp_path / "in", NORMS + MORE.split("\n\n")[0]), tmp_path / "maps", upto="inputs")
    assert next(f for f in caught.value.log if f.kind.code == "norms_missing_item").title.en == "Norms are missing: tidy"
