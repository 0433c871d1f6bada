"""Verdicts in a run: the stage's tables, a department's own rules, and the command that writes them alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tiny import tiny_project

from geo.compute import SerialExecutor
from geo.errors import ProjectFileError
from geo.io.project import read_project
from geo.io.resources import issue_catalogue
from geo.io.stage_files import read_frame, read_issues, write_frame
from geo.pipeline.analysis import Analysis, analyse, check_standards
from geo.pipeline.engine import Workspace
from geo.pipeline.settings import analysis_settings, settings_refusal
from geo.pipeline.standards import judge_areas
from geo.validation import IssueLog, Source
from tests.service_quality.made_up import declared, one, samples
from tests.service_quality.test_uptake import _tests as ipv6_rows

DRIVE = "time,lon,lat,operator,technology,level_dbm,locked_technology\n" + "".join(
    f"2026-09-01 08:{i:02d}:00,{105.601 + i * 0.002:.5f},{21.801 + i * 0.002:.5f},Mạng A,4G,{-95 - i % 40},4G\n" for i in range(40)
) + "".join(f"2026-09-01 09:0{i}:00,105.60100,21.80100,Foreign Net,4G,-90,\n" for i in range(3))
OWN = """
[[rules]]
id = "commune_mobile_download"
indicator = "download"
access = "mobile"
operator = "any"
area_level = "commune"
statistic = "mean"
comparator = ">="
threshold = 30.0
unit = "Mbit/s"
minimum_n = 20
basis = "scorecard"
document = "Kế hoạch thử (giả định)"
source = "made up"
status = "in force"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tiny_project(tmp_path_factory.mktemp("project"), cell_size_m=500)
    path.with_name("drive.csv").write_text(DRIVE, encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("[rules]", 'measurements = "drive.csv"\n\n[rules]')
    path.write_text(text, encoding="utf-8")
    extra = path.with_name("extra.toml")
    extra.write_text(extra.read_text(encoding="utf-8") + OWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, dict[str, bytes]]:
    """The command's own run, and what it wrote."""
    done = check_standards(project, tmp_path_factory.mktemp("out"), executor=SerialExecutor())
    files = (path for path in done.folder.rglob("*") if path.is_file() and ".stages" not in path.parts)
    return done, {path.relative_to(done.folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def run(project: Path, alone: tuple[Analysis, dict[str, bytes]]) -> Analysis:
    return analyse(project, alone[0].folder.parent, executor=SerialExecutor())


def table(run: Analysis, name: str) -> pd.DataFrame:
    return pd.read_csv(run.folder / "tables" / f"{name}.csv", dtype={"area_code": str})


def test_radio_availability_by_commune_province_and_road(run: Analysis) -> None:
    """Levels run from -95 to -134 dBm: 27 of 40 are at -121 or above."""
    found = table(run, "standards")
    found = found[found["rule_id"] == "qcvn81_availability_4g"]
    others = found[found["operator"] != "Mạng A"]  # of the project's operators, without a sample
    assert set(others["operator"]) == {"Mạng B"}
    assert (others["n"] == 0).all()
    assert others["reason"].str.startswith("no_samples").all()
    found = found[found["operator"] == "Mạng A"]
    assert set(found["area_level"]) == {"commune", "province", "road"}
    whole = one(found, "99")
    assert (whole["n"], whole["operator"], whole["basis"], whole["rule_result"]) == (40, "Mạng A", "reference", "indicative")
    assert whole["value"] == pytest.approx(27 / 40)
    assert whole["evidence"] == "contradicted"
    assert whole["n_effective"] <= 40
    assert "rule_unverified" in whole["reason"]
    assert "phones_not_locked" not in whole["reason"]
    assert one(found, "99002")["n"] == 0 or one(found, "99002")["rule_result"] == "indicative"


def test_a_network_that_nobody_knows_has_no_verdict_and_is_named(run: Analysis, alone: tuple[Analysis, dict[str, bytes]]) -> None:
    """Three samples of a network that is not of the project: no row, neither of what it showed nor of areas where it was silent."""
    for name in ("standards", "scorecard"):
        assert set(table(run, name)["operator"].dropna()) == {"Mạng A", "Mạng B"}
    record = run.results["standards"].record
    assert (record["signal_samples"], record["signal_samples_left_out"]["not_of_project"]) == (40, 3)
    log = read_issues(alone[0].results["standards"].folder / "issues.json", issue_catalogue())
    (found,) = [finding for finding in log if finding.kind.code == "samples_not_of_project"]
    assert list(found.came) == ["Foreign Net: 3"]


def test_villages_are_counted_and_their_rule_applied(run: Analysis) -> None:
    found = table(run, "scorecard")
    found = found[found["rule_id"] == "commune_villages_mobile_broadband"]
    villages = table(run, "villages")
    for code, own in villages.groupby(villages["commune_code"].astype(str)):
        known = own[own["class"] != "undecided"]
        served = known["best_technology"].isin(["3G", "4G"]) & (known["class"] != "white")
        assert one(found, str(code))["value"] == pytest.approx(served.mean()) if len(known) else True


def test_a_department_s_rule_takes_the_place_and_says_so(run: Analysis) -> None:
    manifest = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    (stage,) = [s for s in manifest["stages"] if s["name"] == "standards"]
    (mine,) = [r for r in stage["counts"]["rules"] if r["id"] == "commune_mobile_download"]
    assert (mine["from"], mine["replaces"]) == ("extra.toml", "vn-2026/commune_scorecard.toml")
    row = one(table(run, "standards"), "99001", rule_id="commune_mobile_download")
    assert (row["threshold"], row["rule_from"]) == (30.0, "extra.toml (← vn-2026/commune_scorecard.toml)")
    assert (row["rule_result"], row["reason"]) == ("not_applicable", "no_samples")


def test_nothing_that_is_not_confirmed_is_called_legal(run: Analysis) -> None:
    found = table(run, "standards")
    assert (found["status"] == "unverified").any()
    assert set(found.loc[found["status"] != "in force", "basis"]) == {"reference"}


def test_the_command_writes_its_tables_and_an_analysis_takes_up_from_there(run: Analysis, alone: tuple[Analysis, dict[str, bytes]]) -> None:
    done, files = alone
    assert sorted(files) == ["issues.xlsx", "standards.xlsx", "tables/scorecard.csv", "tables/scorecard_series.csv", "tables/standards.csv"]  # no manifest: no whole run
    assert [path.relative_to(done.folder).as_posix() for path in done.written] == sorted(files)
    for name in ("standards", "scorecard", "scorecard_series"):
        assert (run.folder / "tables" / f"{name}.csv").read_bytes() == files[f"tables/{name}.csv"]
    assert {name for name, result in run.results.items() if result.reused} == set(done.results) - {"standard_tables"}
    assert not (run.folder / "standards.xlsx").exists()  # its sheets are in tables.xlsx


def test_a_wrong_rule_stops_before_anything_is_read(tmp_path: Path) -> None:
    path = tiny_project(tmp_path, cell_size_m=500)
    extra = path.with_name("extra.toml")
    extra.write_text(extra.read_text(encoding="utf-8") + OWN.replace('comparator = ">="', 'comparator = "≥"'), encoding="utf-8")
    with pytest.raises(ProjectFileError, match=r"extra.toml: Rule 'commune_mobile_download', comparator = '≥': .*allowed: >="):
        analysis_settings(read_project(path))
    said = settings_refusal(read_project(path))
    assert said is not None
    assert "extra.toml" in said.vi


def test_settings_of_verdicts_are_taken_and_checked(tmp_path: Path) -> None:
    path = tiny_project(tmp_path, cell_size_m=500)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "looks = 4\nroad_reach_m = 50\nerror_share = 0.1\n", encoding="utf-8")
    settings = analysis_settings(read_project(path))
    assert (settings.service.looks, settings.service.road_reach_m, settings.evidence.error_share) == (4.0, 50.0, 0.1)
    for wrong in ("error_share = 1.5", "looks = 0", "piece_m = -5"):
        path.write_text(text + wrong + "\n", encoding="utf-8")
        with pytest.raises(ProjectFileError, match=wrong.split(" ", maxsplit=1)[0]):
            analysis_settings(read_project(path))


def test_speed_tests_and_declarations_of_the_reading_stage_are_judged(project: Path, run: Analysis, tmp_path: Path) -> None:
    inputs, own = tmp_path / "inputs", tmp_path / "own"
    shutil.copytree(next((run.folder / ".stages").glob("inputs-*")), inputs)
    own.mkdir()
    rows = [{"download_mbps": 20.0 + i % 30, "commune_code": f"9900{1 + i % 3}", "time": f"2026-10-{1 + i % 28:02d} {i % 12:02d}:00"} for i in range(120)]
    write_frame(inputs / "speed_tests.parquet", samples(rows, ipv6=np.nan).assign(ipv6=pd.array([pd.NA] * 120, dtype="boolean")))
    write_frame(inputs / "declarations.parquet", declared({"vd_mbps": 30.0}))
    write_frame(inputs / "ipv6_tests.parquet", ipv6_rows(*({"commune_code": "99001", "preferred": i % 10 > 0} for i in range(50))))
    work = Workspace(
        own, {"inputs": inputs, "villages": next((run.folder / ".stages").glob("villages-*"))}, {}, SerialExecutor(), lambda done, total: None
    )
    read = read_project(project)
    record = judge_areas(work, read, analysis_settings(read))
    assert record["speed_tests"] == 120
    found = read_frame(own / "standards.parquet")
    row = one(found, "99001", rule_id="commune_mobile_download")
    assert (row["n"], row["threshold"], row["rule_result"]) == (40, 30.0, "meets")
    assert one(found, "99", rule_id="qcvn81_mean_download", technology="4G")["threshold"] == 30.0
    use = found[(found["rule_id"] == "ipv6_only_use_2028") & (found["area_code"] == "99001") & (found["operator"] == "Mạng A")]
    assert (use["value"].tolist(), use["n"].tolist(), use["rule_result"].tolist()) == ([0.9], [50.0], ["indicative"])
    card = read_frame(own / "scorecard.parquet")
    assert one(card, "99", rule_id="commune_mobile_download")["statistic"] == "population_weighted"


def test_a_run_of_verdicts_without_sites_does_not_warn_of_what_coverage_lacks() -> None:
    from geo.io.resources import issue_catalogue
    from geo.pipeline.analysis import _of_standards

    def left(**inputs: object) -> set[str]:
        log = IssueLog(issue_catalogue())
        for code in ("terrain_missing", "sites_not_given", "settlements_missing", "population_missing"):
            log.add(code, Source("inputs"))
        return {f.kind.code for f in _of_standards(log, SimpleNamespace(inputs=inputs))}  # type: ignore[arg-type]

    assert left(speed_tests="x") == {"population_missing"}
    assert left(cells="x") == {"terrain_missing", "sites_not_given", "settlements_missing", "population_missing"}


def test_what_was_found_of_ipv6_is_handed_over_with_the_verdicts(tmp_path: Path) -> None:
    from geo.pipeline.analysis import _standard_frames

    folders = {name: tmp_path / name for name in ("standards", "ipv6")}
    for folder in folders.values():
        folder.mkdir()
    empty = pd.DataFrame({"area_code": ["99001"]})
    for name in ("standards", "scorecard", "scorecard_series"):
        write_frame(folders["standards"] / f"{name}.parquet", empty)
    work = Workspace(tmp_path, folders, {}, SerialExecutor(), lambda done, total: None)
    assert list(_standard_frames(work)) == ["standards", "scorecard", "scorecard_series"]  # no IPv6: no empty table
    write_frame(folders["ipv6"] / "ipv6.parquet", empty)
    assert list(_standard_frames(work))[-1] == "ipv6"


def test_law_targets_and_what_is_not_confirmed_are_counted_apart() -> None:
    from geo.pipeline.standards import _by_basis

    found = _by_basis(pd.DataFrame({"basis": ["legal", "legal", "reference"], "rule_result": ["meets", "fails", "indicative"]}))
    assert list(found) == ["legal", "reference"]
    assert (found["legal"]["meets"], found["legal"]["fails"], found["reference"]["indicative"], found["reference"]["meets"]) == (1, 1, 1, 0)
