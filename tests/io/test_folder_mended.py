"""Folders in which a file was once taken for something that it is not, dropped without a word, or ended the command. All rows are made up."""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from geo.io.catalogues import operator_catalogue
from geo.io.folder_look import folder_rules, look_at_folder
from geo.io.folder_names import operators_in
from geo.io.folder_project import _titled, propose_project
from geo.io.folder_proposal import Proposal, Written, write_proposal
from geo.io.folder_roles import guess_raster
from geo.io.resources import load_table, load_toml

TODAY = dt.date(2026, 11, 1)


def proposed(folder: Path) -> Proposal:
    return propose_project(folder, today=TODAY)


def left(proposal: Proposal, file: str) -> str:
    found = [f.why for f in proposal.left if f.file == file]
    assert len(found) == 1, [(f.file, f.why.en) for f in proposal.left]
    assert found[0].vi
    return found[0].en


def sites(first: int, number: int, **more: str) -> pd.DataFrame:
    k = range(first, first + number)
    return pd.DataFrame(
        {"Mã trạm": [f"T{i:05d}" for i in k], "Công nghệ": "4G", "Kinh độ": [105.6 + i * 1e-5 for i in k], "Vĩ độ": [21.8 + i * 1e-5 for i in k]}
    ).assign(**more)


def test_each_sheet_goes_to_the_operator_that_it_names(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "tram.xlsx", engine="xlsxwriter") as book:
        for number, name in enumerate(("Viettel", "VinaPhone", "MobiFone")):
            sites(10 * number, 3).to_excel(book, sheet_name=name, index=False)
    found = proposed(tmp_path)
    assert [dict(t.options) for t in found.taken] == [{"sheet": n, "operator": n} for n in ("Viettel", "VinaPhone", "MobiFone")]
    assert set(found.operators) == {"Viettel", "VinaPhone", "MobiFone"}


def test_a_list_that_names_several_operators_is_left_with_a_sentence(tmp_path: Path) -> None:
    sites(0, 3).to_csv(tmp_path / "Danh sách trạm Viettel, VinaPhone.csv", index=False)
    found = proposed(tmp_path)
    assert not found.taken
    assert "several operators (Viettel, VinaPhone)" in left(found, "Danh sách trạm Viettel, VinaPhone.csv")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Danh sách trạm Viettel, VinaPhone, MobiFone", {"Viettel", "VinaPhone", "MobiFone"}),
        ("Viettel,VinaPhone", {"Viettel", "VinaPhone"}), ("BTS_Viettel_2026", {"Viettel"}), ("danh sách trạm", set()),
    ],
)  # fmt: skip
def test_every_operator_of_a_title_is_found(text: str, names: set[str]) -> None:
    assert operators_in(text, operator_catalogue([])) == names


def test_operators_and_provinces_are_counted_over_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(folder_rules()["rules"]["sample_rows"], "value", 5)
    rows = pd.concat([sites(0, 6).assign(**{"Nhà mạng": "Viettel"}), sites(9, 3).assign(**{"Nhà mạng": "MobiFone"})])
    rows.to_csv(tmp_path / "a.csv", index=False)
    assert proposed(tmp_path).operators == ("Viettel", "MobiFone")


def test_a_text_table_that_was_read_in_part_is_counted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(folder_rules()["rules"]["largest_look_mb"], "value", 0.0002)
    rows = pd.concat([sites(0, 6).assign(**{"Nhà mạng": "Viettel"}), sites(9, 3).assign(**{"Nhà mạng": "MobiFone"})])
    rows.to_csv(tmp_path / "a.csv", index=False)
    assert proposed(tmp_path).operators == ("Viettel", "MobiFone")


def claim(path: Path, corner: float) -> None:
    shape = shapely.Polygon([(105.0, 21.0), (105.0, 22.0), (106.0, 22.0), (106.0, corner)])
    gpd.GeoDataFrame({"RSRP": [-105]}, geometry=[shape], crs="EPSG:4326").to_file(path, driver="GeoJSON")


def test_claims_of_two_operators_that_begin_at_one_corner_are_both_kept(tmp_path: Path) -> None:
    claim(tmp_path / "vung_phu_Viettel_4G.geojson", 21.0)
    claim(tmp_path / "vung_phu_VinaPhone_4G.geojson", 21.3)
    claim(tmp_path / "vung_phu_MobiFone_4G.geojson", 21.3)  # the same shape, another's
    taken = {t.options.get("operator") for t in proposed(tmp_path).taken if t.kind == "coverage_claims"}
    assert taken == {"Viettel", "VinaPhone", "MobiFone"}


def test_a_list_is_dropped_only_if_another_holds_every_row_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(folder_rules()["rules"]["sample_rows"], "value", 25)
    sites(0, 40, **{"Nhà mạng": "Viettel"}).to_csv(tmp_path / "cu.csv", index=False)
    sites(1, 40, **{"Nhà mạng": "Viettel"}).to_csv(tmp_path / "moi.csv", index=False)  # one row more, beyond the sample; one less
    sites(2, 30, **{"Nhà mạng": "Viettel"}).to_csv(tmp_path / "phan.csv", index=False)
    found = proposed(tmp_path)
    assert {t.file for t in found.taken} == {"cu.csv", "moi.csv"}
    assert "same list" in left(found, "phan.csv")
    assert any("39 rows are those of 'cu.csv', 1 differ" in n.en for n in found.notes)


def test_a_sheet_that_is_elsewhere_does_not_take_its_workbook_along(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "tram.xlsx", engine="xlsxwriter") as book:
        for number, name in enumerate(("Viettel", "VinaPhone")):
            sites(10 * number, 3 + number).to_excel(book, sheet_name=name, index=False)
    sites(0, 9).to_csv(tmp_path / "viettel.csv", index=False)  # holds the first sheet, and more
    assert {t.file for t in proposed(tmp_path).taken} == {"tram.xlsx", "viettel.csv"}


def zipped(path: Path, *, flag: int = 0, method: int = 0, damage: bool = False) -> None:
    """Write an archive of two lists whose second is as it is asked for."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", sites(0, 2).to_csv(index=False))
        archive.writestr("b.csv", sites(5, 2).to_csv(index=False))
    data = bytearray(path.read_bytes())
    local, central = data.rindex(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
    for place, value in ((local + 6, flag), (local + 8, method), (central + 8, flag), (central + 10, method)):
        data[place] |= value
    if damage:
        data[data.index(b"T00005")] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("kind", "says"),
    [({"flag": 1}, "password"), ({"method": 9}, "unknown way"), ({"damage": True}, "damaged")],
    ids=["password", "deflate64", "checksum"],
)  # fmt: skip
def test_an_archive_that_cannot_be_unpacked_is_named_and_leaves_nothing_behind(tmp_path: Path, kind: dict[str, Any], says: str) -> None:
    zipped(tmp_path / "x.zip", **kind)
    found = proposed(tmp_path)
    assert says in left(found, "x.zip")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "x.zip"]


@pytest.mark.parametrize("suffix", [b"csv", b"msi", b"toml"])
def test_a_name_that_is_not_unicode_is_told_and_ends_nothing(tmp_path: Path, suffix: bytes) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/tr\xe0m." + suffix)).write_text("x = 1\n", encoding="utf-8")
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    path, _ = write_proposal(proposed(tmp_path))
    assert "its name is not Unicode" in path.read_text(encoding="utf-8")


def test_what_lies_in_an_archive_beside_one_shapefile_is_not_lost(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    shape = shapely.box(105.0, 21.0, 106.0, 22.0)
    gpd.GeoDataFrame({"RSRP": [-105]}, geometry=[shape], crs="EPSG:4326").to_file(made / "vung_phu_Viettel_4G.shp")
    for name, more in (("mot", ""), ("hai", "tram_Viettel.csv")):
        place = tmp_path / name
        place.mkdir()
        with zipfile.ZipFile(place / "x.zip", "w") as archive:
            for part in made.iterdir():
                archive.write(part, f"gis/{part.name}")
            archive.writestr("__MACOSX/gis/._x", "x")
            if more:
                archive.writestr(more, sites(0, 3).to_csv(index=False))
    one, two = (next(f for f in look_at_folder(tmp_path / name)) for name in ("mot", "hai"))
    assert (one.kind, len(one.tables)) == ("vector", 1)
    assert two.kind == "archive"
    assert {t.kind for t in proposed(tmp_path / "hai").taken} == {"sites", "coverage_claims"}


def test_only_our_own_results_are_passed_over_and_every_folder_that_is_is_named(tmp_path: Path) -> None:
    for name, text in (("ung dung", '{"name": "x"}'), ("ket qua", '{"vungphu": "1"}'), (".git", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(text, encoding="utf-8")
        sites(len(name), 3).to_csv(tmp_path / name / "tram_Viettel.csv", index=False)
    found = proposed(tmp_path)
    assert [t.file for t in found.taken] == ["ung dung/tram_Viettel.csv"]
    assert "earlier run" in left(found, "ket qua/")
    assert "hidden folder" in left(found, ".git/")


def boundaries(path: Path, communes: dict[str, str]) -> None:
    shapes = [shapely.box(105 + k / 10, 21, 105.1 + k / 10, 22) for k in range(len(communes))]
    frame = gpd.GeoDataFrame({"Mã xã": list(communes), "Tên xã": list(communes.values())}, geometry=shapes, crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")


def test_boundaries_of_today_win_over_former_ones_that_are_more(tmp_path: Path) -> None:
    today, former = load_table("areas/communes.csv").head(5), load_table("areas/former_communes.csv")
    boundaries(tmp_path / "moi.geojson", dict(zip(today["code"], today["name"].str.split(n=1).str[1], strict=True)))
    old = former[former["code"] != ""].sort_values("code").head(12)
    assert set(old["code"]) & set(today["code"])
    boundaries(tmp_path / "cu.geojson", dict(zip(old["code"], old["name"], strict=True)))
    found = proposed(tmp_path)
    assert [t.file for t in found.taken] == ["moi.geojson"]
    assert "not of the communes since" in left(found, "cu.geojson")


def raster(path: Path, values: npt.NDArray[np.float64]) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype="float32", nodata=-99999.0,
        crs="EPSG:4326", transform=Affine(0.000833, 0, 103, 0, -0.000833, 23),
    ) as data:  # fmt: skip
        data.write(np.where(np.isnan(values), -99999.0, values).astype(np.float32), 1)
    return path


def test_people_in_settled_cells_only_are_a_raster_of_people_though_its_middle_is_sea(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    values = random.lognormal(0, 1, (760, 700))
    values[random.random(values.shape) < 0.6] = np.nan
    values[120:640, 90:610] = np.nan
    (tmp_path / "trong").mkdir()
    raster(tmp_path / "dan.tif", values)
    raster(tmp_path / "trong" / "x.tif", np.full((700, 700), np.nan))
    one, none = look_at_folder(tmp_path)
    assert one.raster is not None
    assert one.raster.part
    assert one.raster.zero_share == pytest.approx(0.75, abs=0.02)  # 2 · 0.6 · 0.4 of 2 · 0.6 · 0.4 + 0.4 · 0.4 pairs
    guess = guess_raster(one.raster, "dan.tif")
    assert guess is not None
    assert guess.kind == "population"
    assert none.refused is not None
    assert "the part of the raster that was looked at" in none.refused.en


def test_what_lies_outside_a_border_is_not_empty_of_people(tmp_path: Path) -> None:
    """Slopes of a province, say: rough, not below 0, without a value outside."""
    values = np.random.default_rng(1).uniform(1, 60, (100, 100))
    y, x = np.mgrid[:100, :100]
    values[np.hypot(x - 50, y - 50) > 45] = np.nan
    raster(tmp_path / "x.tif", values)
    (found,) = look_at_folder(tmp_path)
    assert found.raster is not None
    assert guess_raster(found.raster, "x.tif") is None


def test_on_a_disk_without_links_a_proposal_that_is_there_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    found = proposed(tmp_path)
    path, done = write_proposal(found)
    assert done is Written.NEW
    assert write_proposal(found) == (path, Written.KEPT)


def test_the_name_of_the_folder_stays_in_the_office(tmp_path: Path) -> None:
    place = tmp_path / "Tuấn gửi 15-10 MẬT"
    place.mkdir()
    assert proposed(place).name == "Rà soát vùng phủ sóng"
    today = load_table("areas/communes.csv").head(3)
    sites(0, 3).assign(**{"Mã xã": list(today["code"])}).to_csv(place / "tram_Viettel.csv", index=False)
    assert proposed(place).name == "Rà soát vùng phủ sóng – Thành phố Hà Nội"


def test_kinds_that_a_table_resembles_are_named_in_the_language_of_the_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(folder_rules()["rules"]["close_score"], "value", 99)
    sites(0, 3).to_csv(tmp_path / "tram_Viettel.csv", index=False)
    (taken,) = proposed(tmp_path).taken
    said = taken.why.vi.partition("cũng giống ")[2]
    names = load_toml("results/analysis.toml")["kinds"]
    assert said
    assert set(said.split(", ")) <= {n["vi"] for n in names.values()}
    assert all(_titled(kind).vi != kind for kind in folder_rules()["kinds"])


def test_records_of_fetched_data_are_counted_and_not_listed(tmp_path: Path) -> None:
    (tmp_path / "dan so").mkdir()
    for name in ("a", "b"):
        (tmp_path / "dan so" / f"{name}.source.json").write_text('{"item": "dan so", "name": "a", "files": []}', encoding="utf-8")
    (tmp_path / "inputs.toml").write_text('[inputs]\npopulation = "mo/dan so/a.tif"\n', encoding="utf-8")
    (tmp_path / "x.source.json").write_text('{"another": 1}', encoding="utf-8")
    found = proposed(tmp_path)
    assert [f.file for f in found.left] == ["x.source.json"]
    assert any(n.en.startswith("3 records of fetched data") for n in found.notes)
