"""The map of the country from run folders: figures as in their tables, what is missing said, links relative, the public edition without what it hides."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.errors import InputError
from geo.pipeline.country import country_content, write_country_map
from tests.benchmarks.whole_country import made_up_runs


def units(*provinces: str) -> gpd.GeoDataFrame:
    """Four made-up communes per province, in a row."""
    rows = [{"commune_code": f"{code}00{i}", "commune_name": f"Xã {code}-{i}", "province_code": code, "geometry": shapely.box(105 + k + i / 10, 21, 105.1 + k + i / 10, 21.1)} for k, code in enumerate(provinces) for i in range(4)]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=4326)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Reviews of two of three provinces, each with two rules; the second with an earlier review too."""
    path = tmp_path_factory.mktemp("maps")
    made_up_runs(path, units("01", "08"), rules=2)
    earlier = path / "a-earlier 08"
    shutil.copytree(path / "tinh-08", earlier)
    manifest = json.loads((earlier / "manifest.json").read_text(encoding="utf-8"))
    manifest["project"]["date"] = "2025-11-01"
    (earlier / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    communes = pd.read_csv(earlier / "tables" / "communes.csv", dtype=str, encoding="utf-8-sig").assign(population="1")
    communes.to_csv(earlier / "tables" / "communes.csv", index=False, encoding="utf-8-sig")
    units("01", "08", "11").rename(columns={"commune_code": "ma_xa", "commune_name": "ten_xa", "province_code": "ma_tinh"}).to_file(path / "xa.gpkg")
    return path


def test_figures_are_those_of_the_tables_and_what_is_missing_is_said(folder):
    content, remarks = country_content(folder, boundaries=folder / "xa.gpkg")
    assert len(content.communes) == 12
    for code in ("01", "08"):
        own = pd.read_csv(folder / f"tinh-{code}" / "tables" / "communes.csv", encoding="utf-8-sig", dtype={"commune_code": str})
        shown = content.communes[content.communes["province_code"] == code]
        for name in ("population", "population_served_share", "villages_white", "mang_do_4g_population_served_share"):
            assert shown[name].tolist() == own[name].tolist(), name
        verdicts = pd.read_csv(folder / f"tinh-{code}" / "tables" / "standards.csv", encoding="utf-8-sig", dtype={"area_code": str})
        mine = content.themes[0].frame[content.themes[0].frame["area_code"].str.startswith(code)]
        assert sorted(zip(mine["area_code"], mine["rule_id"], mine["operator"], mine["rule_result"], strict=True)) == sorted(zip(verdicts["area_code"], verdicts["rule_id"], verdicts["operator"], verdicts["rule_result"], strict=True))
    assert content.communes.loc[content.communes["province_code"] == "11", "population"].isna().all(), "unknown is no zero"
    provinces = content.provinces.set_index("province_code")
    assert provinces["map_file"].to_dict() == {"01": "tinh-01/index.html", "08": "tinh-08/index.html", "11": ""}
    assert provinces.loc["11", "review_date"] is None
    assert provinces["communes"].to_dict() == {"01": 4, "08": 4, "11": 4}
    # the later review counts, and it is said
    assert len(remarks) == 1
    assert "tinh-08" in remarks[0].vi
    assert content.date.isoformat() == "2026-11-09"
    assert any("4 xã của 1 tỉnh chưa có kết quả" in sentence.vi for sentence in content.method)


@pytest.mark.parametrize(("earlier", "later"), [("2026-Q3", "2026-10"), ("2026-09", "2026"), ("2026-Q2", "2026-08-01/2026-08-31"), ("2025", "2026-01"), ("2026", "2027-Q1")])
def test_of_several_periods_the_one_that_ends_last_is_shown(folder, tmp_path, earlier, later):
    """Months, quarters and years beside each other: as texts "2026-Q3" would come after "2026-10"."""
    shutil.copytree(folder / "tinh-01", tmp_path / "tinh-01")
    path = tmp_path / "tinh-01" / "tables" / "standards.csv"
    rows = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    pd.concat([rows.assign(period=later), rows.assign(period=earlier)]).to_csv(path, index=False, encoding="utf-8-sig")
    content, _ = country_content(tmp_path)
    assert set(content.themes[0].frame["period"]) == {later}


def test_same_runs_give_the_same_bytes_and_links_lead_to_files(folder):
    written = write_country_map(folder, boundaries=folder / "xa.gpkg")
    first = written.path.read_bytes()
    assert write_country_map(folder, boundaries=folder / "xa.gpkg").path.read_bytes() == first
    assert (written.provinces, written.communes, written.bytes) == (2, 12, len(first))
    links = re.findall(r'<li><a href="([^"]+)"', first.decode())
    assert [link.replace("&#47;", "/") for link in links] == ["tinh-01/index.html", "tinh-08/index.html"]
    assert all((folder / link.replace("&#47;", "/")).is_file() for link in links)
    assert b"default-src 'none'" in first


def test_without_boundaries_communes_without_outline_stay_in_the_table(folder):
    content, _ = country_content(folder)
    assert len(content.communes) == 8
    assert content.communes.geometry.isna().all()


def test_the_public_edition_shows_listed_columns_and_public_maps_alone(folder):
    (folder / "tinh-01" / "public").mkdir(exist_ok=True)
    (folder / "tinh-01" / "public" / "index.html").write_text("x", encoding="utf-8")
    content, _ = country_content(folder, boundaries=folder / "xa.gpkg", edition="public")
    assert content.provinces["map_file"].tolist() == ["tinh-01/public/index.html", "", ""]
    assert content.sources == ()
    assert not {"n_effective", "campaign"} & set(content.themes[0].frame.columns)
    path = write_country_map(folder, boundaries=folder / "xa.gpkg", edition="public").path
    assert path.name == "country_public.html"
    assert "a-earlier 08" not in path.read_text(encoding="utf-8")


def test_a_folder_without_runs_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="không chứa thư mục kết quả nào"):
        write_country_map(tmp_path)
    with pytest.raises(InputError, match="Không thấy thư mục"):
        write_country_map(tmp_path / "none")
