"""Names of layers, the grid of a run, and what the map's notices say."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.coverage import MODEL, technology_rules
from geo.crs import ProvinceZones
from geo.io.resources import issue_catalogue, load_toml
from geo.pipeline.predicting import layer_names, run_grid
from geo.pipeline.showing import kind_name, model_name, notices, sentence, state_ended
from geo.validation import IssueLog, Source


def test_layer_names_are_plain_and_different() -> None:
    layers = [
        ("Mạng A", "4G"),
        ("Mang a", "4G"),
        ("452-07", "3G"),
        ("日本", "2G"),
        ("=1+1", "5G"),
        ("Mạng A", "5G"),
    ]
    assert layer_names(layers) == (
        "mang_a_4g",
        "mang_a_2_4g",
        "452_07_3g",
        "operator_2g",
        "1_1_5g",
        "mang_a_5g",
    )


def units(west: float, south: float, codes: tuple[str, ...]) -> gpd.GeoDataFrame:
    shapes = [
        shapely.box(west + 0.05 * i, south, west + 0.05 * (i + 1), south + 0.05) for i in range(len(codes))
    ]
    return gpd.GeoDataFrame({"province_code": list(codes)}, geometry=shapes, crs=4326)


@pytest.mark.parametrize(
    ("west", "south", "codes", "epsg"),
    [
        (105.6, 21.8, ("08", "08"), 9211),  # the province's zone laid down today
        (105.6, 21.8, ("08", "11"), 32648),  # several provinces: local UTM
        (8.5, 46.5, ("99",), 32632),  # outside Vietnam
        (28.0, -29.5, ("99",), 32735),  # south of the equator
    ],
)
def test_the_grid_s_system_by_hand(west: float, south: float, codes: tuple[str, ...], epsg: int) -> None:
    zones = {"08": ProvinceZones(9211, (9209,)), "11": ProvinceZones(9205)}
    grid = run_grid(units(west, south, codes), 100.0, zones)
    assert grid.epsg == epsg
    assert grid.cell_size == 100.0
    assert grid.x_min % 100 == 0
    assert grid.rows == pytest.approx(0.05 * 111_000 / 100, rel=0.05)


def test_notices_say_what_is_missing_and_carry_the_warnings() -> None:
    log = IssueLog(issue_catalogue())
    log.add("operator_without_sites", Source("project"), came="B")
    log.add("site_void_ground", Source("sites.csv"), rows=[4, 9], came=["A 1", "A 2"])
    found = notices(
        [log],
        present={"terrain": 1, "settlements": 3, "measurements": 35078},
        defaults_used={"4G.power_dbm": 7, "4G.novelty": 1},
        rules=[
            {"id": "counts_2g", "indicator": "technology_counts", "technology": "2G", "status": "unverified", "source": "press", "source_vi": "báo chí"},
            {"id": "own_rule", "indicator": "novel", "technology": "3G", "status": "unverified", "source": "letter"},
            {"id": "x", "status": "setting"},
        ],
    )
    english = [notice.en for notice in found]
    assert english[0].startswith("No population raster")
    assert english[1].startswith("35,078 measurements were read")
    assert english[2] == "Dates on which 2G counts as service: not verified against its document (press)."
    assert english[3] == "A rule of the catalogue on 3G: not verified against its document (letter)."
    vietnamese = [notice.vi for notice in found]
    assert vietnamese[1].startswith("Có 35.078 mẫu đo")
    assert vietnamese[2] == "Ngày mà 2G được tính là có sóng: chưa đối chiếu với văn bản gốc (báo chí)."
    assert vietnamese[3].endswith("(nguồn ghi trong hồ sơ lần chạy).")
    assert any(line.startswith("Cỡ nhỏ nhất của cụm hộ lõm sóng: 10 hộ: chưa") for line in vietnamese)
    assert any(line.startswith("Số người mỗi hộ: 3,6: chưa") for line in vietnamese)
    assert any(line.startswith("Suy hao vào trong xe: 9 dB: chưa") for line in vietnamese)
    assert not any(code in line for line in vietnamese for code in ("weak_cluster", "counts_2g", "own_rule", "letter"))
    assert "7 4G cells lack a power: the default was taken." in english
    assert "1 4G cell lacks novelty: the default was taken." in english
    assert any("novelty" not in line and line.startswith("7 cell 4G thiếu công suất") for line in vietnamese)
    assert any(line.endswith("(2 rows; sites.csv)") for line in english)
    assert all(notice.vi and notice.vi != notice.en for notice in found)
    assert not any("terrain was given" in line for line in english)


def test_braces_in_a_text_are_not_fields() -> None:
    assert sentence("notices", "finding", title="{n} {x}", n=1, file="{a}").en == "{n} {x} (1 rows; {a})"
    assert kind_name("sites").vi == "Trạm"
    assert kind_name("novelty").en == "novelty"


def test_the_model_and_what_is_unverified_are_named_in_both_languages() -> None:
    named = model_name(MODEL)
    assert named.vi != named.en
    assert named.vi.startswith("ITU-R P.1812-8 (50 % thời gian")
    assert model_name("another").vi == "another"
    for entry in load_toml("rules/vn-2026.toml")["rules"]:
        if entry["status"] == "unverified":
            assert entry["source_vi"] != entry["source"], entry["id"]
    shown = [pair for section in ("villages", "entry") for pair in load_toml("defaults.toml")[section].items()]
    unverified = [name for name, entry in shown if entry["status"] == "unverified"]
    assert {"weak_cluster_households", "vehicle_loss_db"} <= set(unverified)
    for name in unverified:
        assert sentence("setting_sources", name).vi
        assert "{" not in sentence("settings", name, value="1").vi


def test_one_row_is_no_rows() -> None:
    log = IssueLog(issue_catalogue())
    log.add("site_void_ground", Source("sites.csv"), rows=[4], came=["A 1"])
    (line,) = [n for n in notices([log], present={}, defaults_used={}, rules=[]) if "sites.csv" in n.en]
    assert line.en.endswith("(1 row; sites.csv)")


def test_a_technology_that_no_longer_counts_is_said_with_its_rule() -> None:
    sites = pd.DataFrame(
        {"operator": ["A", "B", "C"], "technologies": ["2G, 4G", "4G", "2G"], "status": ["on_air", "on_air", "off_air"]}
    )
    cells = pd.DataFrame({"operator": ["B", "B", "D"], "technology": ["2G", "4G", "2G"], "status": ["", "on_air", "on_air"]})

    def said(day: date, *operators: str) -> list[tuple[str, str]]:
        log = IssueLog(issue_catalogue())
        state_ended(technology_rules("vn-2026", day).ended, sites, cells, operators, log)
        found = notices([log], present={}, defaults_used={}, rules=[])
        return [(n.vi, n.en) for n in found if " counts_2g " in n.en]

    assert said(date(2026, 9, 15)) == []
    ((vi, en),) = said(date(2026, 9, 16))
    assert en.startswith("2G cells of A, B, D are in the lists, but from 16/09/2026 on 2G does not count as service by rule counts_2g")
    assert "(Circular 10/2024/TT-BTTTT with 03/2024 and 04/2024/TT-BTTTT; not verified against its document)" in en
    assert vi.startswith("Danh sách có cell 2G của A, B, D, nhưng từ 16/09/2026 2G không còn được tính")
    assert "(Thông tư 10/2024/TT-BTTTT cùng 03/2024 và 04/2024/TT-BTTTT; chưa đối chiếu với văn bản gốc)" in vi
    assert said(date(2026, 11, 1), "B", "C")[0][1].startswith("2G cells of B are")
    assert said(date(2026, 11, 1), "C") == [], "what is off air is nothing to speak of"
    for rule in load_toml("rules/vn-2026.toml")["rules"]:
        assert sentence("rule_status", rule["status"]).vi


def test_findings_of_one_kind_that_say_different_things_are_all_shown() -> None:
    log = IssueLog(issue_catalogue())
    for operator, technology in (("Viettel", "5G"), ("MobiFone", "3G"), ("VinaPhone", "5G")):
        log.add("technology_not_listed", Source("project"), fields={"operator": operator, "technology": technology})
    for code in ("A 1", "A 2"):
        log.add("site_void_ground", Source("sites.csv"), rows=[4], came=[code])
    found = [n.en for n in notices([log], present={}, defaults_used={}, rules=[])]
    named = [line for line in found if " mentions " in line]
    assert [line.split(":")[0] for line in named] == [
        "No list of MobiFone mentions 3G",
        "No list of Viettel mentions 5G",
        "No list of VinaPhone mentions 5G",
    ]
    assert all(line.endswith("(1 row; project)") for line in named)
    assert [line.rpartition("(")[2] for line in found if "sites.csv" in line] == ["2 rows; sites.csv)"]
