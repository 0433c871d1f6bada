"""The stage of IPv6: only the file of answers stands between it and the network."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.errors import InputError, ProjectFileError
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_frame, read_issues, write_frame
from geo.pipeline import analysis as analysis_module
from geo.pipeline.engine import Workspace
from geo.pipeline.ipv6 import ask_about_portals, measure_ipv6, portal_answers
from geo.pipeline.settings import AnalysisSettings, analysis_settings
from tests.ipv6.conftest import Internet, authority, context_of, internet  # noqa: F401 - fixtures
from tests.ipv6.servers import page


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> AnalysisSettings:
    return analysis_settings(read_project(tiny_project(tmp_path_factory.mktemp("settings"))))


def inputs(folder: Path, **frames: pd.DataFrame) -> Path:
    units = gpd.GeoDataFrame(
        {"commune_code": ["00001", "00002"], "commune_name": ["Xã Một", "Xã Hai"], "province_code": "01", "province_name": "Tỉnh Mẫu"},
        geometry=[shapely.box(105, 21, 105.1, 21.1), shapely.box(105.1, 21, 105.2, 21.1)], crs=4326,
    )  # fmt: skip
    for name, frame in {"units": units, **frames}.items():
        write_frame(folder / f"{name}.parquet", frame)
    return folder


def listed(*urls: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "portal_id": [f"P{k}" for k in range(len(urls))], "name": "Cổng", "host": "", "url": urls, "province_code": "01",
            "commune_code": ["00001" if k else "" for k in range(len(urls))], "kind": "portal", "file": "portals.csv", "sheet": "", "row": range(2, len(urls) + 2),
        }
    )  # fmt: skip


def run(folder: Path, given: Path, settings: AnalysisSettings, answers: Path | None) -> tuple[dict[str, Any], Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    work = Workspace(folder, {"inputs": given}, {}, SerialExecutor(), lambda _done, _total: None)
    return dict(measure_ipv6(work, settings, answers)), folder


def test_portals_that_were_not_asked_are_unknown(tmp_path: Path, settings: AnalysisSettings) -> None:
    given = inputs(tmp_path / "in", portals=listed("https://a.example", "file:///etc/passwd"))
    record, folder = run(tmp_path / "out", given, settings, None)
    assert record["verdicts"] == {"bad_address": 1, "unknown": 1}
    table = read_frame(folder / "ipv6.parquet")
    assert table.portals_ready_share.isna().all()
    province = table[table.area_level == "province"].iloc[0]
    assert (province.portals, province.portals_ready_low, province.portals_ready_high) == (1, 0.0, 1.0)
    log = read_issues(folder / "issues.json", issue_catalogue())
    assert {f.kind.code: (f.rows.tolist(), list(f.came)) for f in log} == {
        "ipv6_not_asked": ([], [""]), "ipv6_portal_address": ([3], ["file:///etc/passwd"]),
    }  # fmt: skip


def test_asked_and_judged(internet: Internet, tmp_path: Path, settings: AnalysisSettings) -> None:  # noqa: F811
    internet.site("a.example")
    internet.site("b.example", page(), "closed")
    asking = replace(settings, asking=internet.settings())
    portals = listed("http://a.example", "http://b.example")
    assert ask_about_portals(tmp_path, portals, asking) == 2
    first = portal_answers(tmp_path).read_bytes()
    seen = len(internet.web.requests)
    assert ask_about_portals(tmp_path, portals, asking) == 2
    assert len(internet.web.requests) == seen, "fresh answers are not asked for again"
    assert portal_answers(tmp_path).read_bytes() == first
    given = inputs(tmp_path / "in", portals=portals)
    record, folder = run(tmp_path / "out", given, asking, portal_answers(tmp_path))
    assert record["verdicts"] == {"ready": 1, "unreachable": 1}
    table = read_frame(folder / "ipv6.parquet").set_index("area_code")
    assert table.portals_ready_share.to_dict() == {"01": 0.5, "00001": 0.0}
    assert table.area_name.to_dict() == {"01": "Tỉnh Mẫu", "00001": "Xã Một"}
    # What is known of a portal that is no longer listed is not lost, and not shown.
    record, _ = run(tmp_path / "out", inputs(tmp_path / "in", portals=portals[:1]), asking, portal_answers(tmp_path))
    assert record["verdicts"] == {"ready": 1}


def test_a_file_of_answers_that_is_none_is_refused(tmp_path: Path, settings: AnalysisSettings) -> None:
    given = inputs(tmp_path / "in", portals=listed("https://a.example"))
    for content in ("{", "[]", '{"form": 99, "entries": []}', '{"form": 1, "entries": [1]}'):
        portal_answers(tmp_path).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=r"portal_answers\.json"):
            run(tmp_path / "out", given, settings, portal_answers(tmp_path))
    # An entry of another form is a portal that was not asked.
    strange = {"form": 1, "entries": [{"asked": {"host": "a.example", "scheme": "https", "port": None, "path": "/"}, "answers": {"host": 1}}]}
    portal_answers(tmp_path).write_text(json.dumps(strange), encoding="utf-8")
    assert run(tmp_path / "out", given, settings, portal_answers(tmp_path))[0]["verdicts"] == {"unknown": 1}


def test_without_lists_nothing_is_written(tmp_path: Path, settings: AnalysisSettings) -> None:
    record, folder = run(tmp_path / "out", inputs(tmp_path / "in"), settings, None)
    assert record == {"tests": 0, "portals": 0}
    assert [path.name for path in folder.iterdir()] == ["issues.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ipv6 = true", "ipv6"), ("ipv6 = { aks = true }", "'ask'"), ("ipv6 = { ask = 1 }", "ask = 1"), ("ipv6 = { fresh_days = -1 }", "fresh_days"),
        ('ipv6 = { contact = "a b" }', "contact"), ('ipv6 = { contact = "a\\r\\nX: y" }', "contact"), ('ipv6 = { allowed_networks = ["x"] }', "allowed_networks"),
        ("ipv6 = { together = 0 }", "together"), ("ipv6 = { allowed_ports = 80 }", "allowed_ports"),
    ],
)  # fmt: skip
def test_settings_that_are_refused(tmp_path: Path, text: str, said: str) -> None:
    project = tiny_project(tmp_path)
    project.write_text(project.read_text(encoding="utf-8") + text + "\n", encoding="utf-8")
    with pytest.raises(ProjectFileError, match=said):
        analysis_settings(read_project(project))


def test_the_network_is_asked_only_if_the_project_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked(Exception):  # noqa: N818 - not an error of the program
        pass

    def asked(*_args: object, **_options: object) -> None:
        raise Asked

    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis_module, "_ask_portals", asked)
    monkeypatch.setattr(analysis_module, "run_stages", stop)
    project = tiny_project(tmp_path)
    for wanted, raised in ((None, KeyboardInterrupt), (False, KeyboardInterrupt), (True, Asked)):
        with pytest.raises(raised):
            analysis_module.analyse(project, tmp_path / "out", executor=SerialExecutor(), ask_portals=wanted)
    project.write_text(project.read_text(encoding="utf-8") + 'ipv6 = { ask = true, contact = "so-khcn@example.gov.vn" }\n', encoding="utf-8")
    for wanted, raised in ((None, Asked), (False, KeyboardInterrupt)):
        with pytest.raises(raised):
            analysis_module.analyse(project, tmp_path / "out", executor=SerialExecutor(), ask_portals=wanted)


def test_portals_are_held_against_the_rule_for_them(tmp_path: Path) -> None:
    """The country's rule for portals, by hand: one of two ready in the province is indicative, and what was not asked stays undecided."""
    from geo.pipeline.standards import judge_areas

    project = read_project(tiny_project(tmp_path / "p"))
    settings = analysis_settings(project)
    given = inputs(tmp_path / "in", sites=pd.DataFrame({"operator": [], "status": [], "mast_id": [], "commune_code": []}))
    (tmp_path / "villages").mkdir()
    shares = pd.DataFrame(
        {"area_code": ["01", "00001"], "area_level": ["province", "commune"], "indicator": "portal_ready", "operator": "", "access": "", "source_kind": "portals",
         "value": [0.5, float("nan")], "low": [0.5, 0.0], "high": [0.5, 1.0], "n": [2, 0], "n_effective": float("nan"), "unknown": [0, 1], "period": "", "reason": ""}
    )  # fmt: skip
    (tmp_path / "ipv6").mkdir()
    write_frame(tmp_path / "ipv6" / "ipv6_shares.parquet", shares)
    (tmp_path / "out").mkdir()
    upstream = {"inputs": given, "villages": tmp_path / "villages", "ipv6": tmp_path / "ipv6"}
    judge_areas(Workspace(tmp_path / "out", upstream, {}, SerialExecutor(), lambda _done, _total: None), project, settings)
    table = read_frame(tmp_path / "out" / "standards.parquet")
    mine = table[table.rule_id == "ipv6_for_gov_portals"].set_index("area_code")
    assert mine.value.to_dict() == {"01": 0.5, "00001": pytest.approx(float("nan"), nan_ok=True)}
    assert mine.rule_result.to_dict() == {"01": "indicative", "00001": "not_applicable"}
    assert mine.n.to_dict() == {"01": 2, "00001": 0}
