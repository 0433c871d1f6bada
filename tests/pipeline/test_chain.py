"""The chain behind a figure: its parts add up to the run's own rasters, and the rows it names are those that weigh."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from tiny import SIDE, SOUTH, WEST, tiny_project

from geo.compute import make_executor
from geo.coverage import State
from geo.errors import InputError
from geo.fusion.kriging import krige, smooth_field
from geo.fusion.settings import fusion_settings
from geo.fusion.variogram import Variogram
from geo.fusion.weights import kriging_weights
from geo.pipeline.analysis import analyse
from geo.pipeline.chain import LayerFigures, RunChains
from geo.pipeline.chain_words import chance_text, layer_stories
from geo.pipeline.completed import CompletedRun
from geo.pipeline.explain import explain
from geo.pipeline.predicting import layer_names
from geo.pipeline.signal import explain_signal

ABSENT = 'absent_technologies = { "Mạng A" = ["5G"], "Mạng B" = ["5G"] }\n'


def drive(n: int, operator: str, lon: tuple[float, float], level: np.ndarray | None, day: str) -> pd.DataFrame:
    f = np.linspace(0, 1, n)
    times = pd.Timestamp(f"{day} 08:00:00") + pd.to_timedelta(5 * np.arange(n), unit="s")
    return pd.DataFrame({
        "time": times.strftime("%Y-%m-%d %H:%M:%S"), "lon": np.round(lon[0] + (lon[1] - lon[0]) * f, 6), "lat": np.round(21.83 + 0.05 * f, 6),
        "operator": operator, "technology": "4G", "service": "no service" if level is None else "",
        "level_dbm": "" if level is None else np.round(level).astype(int), "locked_technology": "4G",
    })  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    project = tiny_project(folder, cell_size_m=500)
    wave = -60 - 45 * np.abs(np.sin(9 * np.linspace(0, 1, 300)))
    drive(300, "Mạng A", (105.605, 105.64), wave, "2026-10-07").to_csv(folder / "m.csv", index=False)
    parts = [drive(200, "Mạng B", (105.64, 105.69), -70 - 30 * np.linspace(0, 1, 200), "2026-10-08"), drive(60, "Mạng A", (105.655, 105.66), None, "2026-10-09")]
    pd.concat(parts).to_csv(folder / "n.csv", index=False)
    (folder / "facilities.csv").write_text("facility_id,kind,name,commune_code,lon,lat\nCS1,school,Trường thử,99001,105.62,21.84\n", encoding="utf-8")
    claimed = gpd.GeoDataFrame({"operator": ["Mạng A"], "technology": ["4G"]}, geometry=[shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)], crs=4326)
    claimed.to_file(folder / "claims.geojson", driver="GeoJSON")
    given = 'measurements = ["m.csv", "n.csv"]\nfacilities = "facilities.csv"\ncoverage_claims = "claims.geojson"\n'
    project.write_text(project.read_text(encoding="utf-8").replace("[rules]", f"{given}\n[rules]") + ABSENT, encoding="utf-8")
    return analyse(project, folder / "maps", executor=make_executor(workers=1)).folder


@pytest.fixture(scope="module")
def chains(run: Path) -> RunChains:
    return RunChains(CompletedRun(run))


def some_cells(chains: RunChains, count: int, seed: int = 0) -> list[tuple[int, int]]:
    inside = np.argwhere(np.asarray(chains.run.predicted.index) >= 0)
    chosen = np.random.default_rng(seed).permutation(len(inside))[:count]
    return [(int(r), int(c)) for r, c in inside[chosen]]


def rasters(run: Path, chains: RunChains, kind: str) -> list[np.ndarray]:
    out = []
    for name in layer_names(chains.run.predicted.coverage.layers):
        with rasterio.open(run / "rasters" / f"{name}_{kind}.tif") as source:
            out.append(source.read(1))
    return out


def require_chain(figures: LayerFigures, level: float, sd: float, probability: float) -> None:
    """Every sum of a corrected layer's chain is that of the rasters."""
    assert figures.chain is not None
    assert figures.fused is not None
    server = figures.chain.server
    terms = server.predicted_dbm + server.bias_db + server.slope_db + server.weight_db + server.deep_db + server.height_db + server.ceiling_db
    assert terms == pytest.approx(server.level_dbm, abs=1e-3)
    assert server.level_dbm + figures.chain.cover_db + figures.chain.choice_db == pytest.approx(figures.fused.prediction_dbm, abs=1e-3)
    assert figures.chain.mean_dbm == pytest.approx(figures.fused.prediction_dbm, abs=1e-3)
    assert figures.fused.prediction_dbm + sum(w.part_db for w in figures.fused.witnesses) == pytest.approx(level, abs=1e-3)
    parts = (figures.fused.field_sd_db, figures.fused.within_sd_db, figures.fused.common_sd_db)
    assert math.sqrt(sum(part**2 for part in parts)) == pytest.approx(sd, abs=1e-3)
    assert figures.sum_probability == pytest.approx(probability, abs=1e-4)
    assert figures.fused.sd_db <= figures.fused.before_sd_db + 1e-9
    for name, total in (("bias", server.bias_db), ("slope", server.slope_db), ("weight", server.weight_db)):
        if name != "weight" or name in figures.terms:  # a weight held to its bound has no terms that make it
            assert sum(figures.terms[name].values()) == pytest.approx(total, abs=0.006), name


def test_the_parts_add_up_to_the_rasters(run: Path, chains: RunChains) -> None:
    level, sd, probability, server = (rasters(run, chains, kind) for kind in ("rsrp_dbm", "sd_db", "probability", "server"))
    seen = silent = 0
    for cell in some_cells(chains, 15):
        for i, figures in enumerate(chains.at(cell)):
            if not np.isfinite(level[i][cell]):
                assert figures.fused is None
                continue
            require_chain(figures, level[i][cell], sd[i][cell], probability[i][cell])
            assert figures.chain is not None
            assert figures.chain.server.index == server[i][cell]
            assert figures.fused is not None
            seen += len(figures.fused.witnesses)
            silent += sum(w.censored for w in figures.fused.witnesses)
    assert seen > 30
    assert silent > 0


@pytest.mark.slow
def test_the_parts_add_up_on_the_sample(tmp_path: Path, project_root: Path) -> None:
    sample = analyse(project_root / "data/sample/project.toml", tmp_path, executor=make_executor(workers=2)).folder
    chains = RunChains(CompletedRun(sample))
    level, sd, probability = (rasters(sample, chains, kind) for kind in ("rsrp_dbm", "sd_db", "probability"))
    for cell in some_cells(chains, 40, seed=3):
        for i, figures in enumerate(chains.at(cell)):
            if np.isfinite(level[i][cell]):
                require_chain(figures, level[i][cell], sd[i][cell], probability[i][cell])


def test_the_rows_are_those_that_were_measured_there(run: Path, chains: RunChains) -> None:
    files = {name: pd.read_csv(run.parents[1] / name) for name in ("m.csv", "n.csv")}
    seen = 0
    for cell in some_cells(chains, 12, seed=1):
        for figures in chains.at(cell):
            for witness in figures.fused.witnesses if figures.fused else ():
                assert sum(len(of.rows) for of in witness.rows) == witness.samples
                for of in witness.rows:
                    rows = files[of.file].iloc[of.rows - 2]
                    assert set(rows["operator"]) == {figures.operator}
                    assert rows["service"].eq("no service").all() == witness.censored
                    if not witness.censored:  # the phone in a car, its loss given back
                        assert 0 <= witness.level_dbm - rows["level_dbm"].astype(float).median() < 20
                    seen += 1
    assert seen > 20


def test_a_table_s_figures_are_those_of_the_chain(run: Path, chains: RunChains) -> None:
    villages = pd.read_csv(run / "tables" / "villages.csv")
    compared = 0
    for village in villages.to_dict("records"):
        cell = chains.run.grid_cell(village["lon"], village["lat"])
        assert cell is not None
        best = [f for f in chains.at(cell) if (f.operator, f.technology) == (village["best_operator"], village["best_technology"])]
        for figures in best:
            assert figures.sum_dbm == pytest.approx(village["best_rsrp_dbm"], abs=0.006)
            assert figures.sum_probability == pytest.approx(village["probability"], abs=6e-5)
            compared += 1
    assert compared == len(villages)


def test_nothing_that_took_no_part_is_printed(run: Path) -> None:
    said = text_of(run, "T1", "vi")
    assert "giá trị mặc định, chưa có số đo" not in said
    assert "sai số mặc định" not in said
    assert "Hiệu chỉnh mức chung: mọi cell " in said
    assert "Cộng lại: dự báo đã hiệu chỉnh" in said
    assert "m.csv dòng " in said or "n.csv dòng " in said
    assert "Kiểm tra trên " in said
    assert "không có (Sở khẳng định mạng chưa có công nghệ này), ngưỡng chưa đặt" in said
    shown = [line for line in said.splitlines() if "từ đâu ra" in line]
    assert shown == [f"{layer}: từ đâu ra {level_of(said, layer)}" for layer in ("Mạng A 3G", "Mạng A 4G", "Mạng B 3G", "Mạng B 4G")]


def level_of(said: str, layer: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith(f"  {layer}: "))
    return line.split("; mức ")[1].split(", ngưỡng")[0]


def text_of(run: Path, code: str, language: str) -> str:
    return "\n".join(
        line for section in explain(run, code) for line in (section.title.text(language), *(f"  {text.text(language)}" for text in section.lines))
    )


def test_a_facility_is_explained_with_claims_and_rows(run: Path) -> None:
    said = text_of(run, "CS1", "vi")
    assert said.startswith("Cơ sở CS1 – Trường thử (trường học), xã 99001\n")
    assert "cơ sở: facilities.csv, dòng 2" in said
    assert "Mạng A công bố có phủ 4G ở đây." in said
    assert "công bố của Mạng A 4G: claims.geojson, dòng " in said
    assert "lõm sóng, chỉ có 2G" not in said, "facilities have no clusters of households"
    assert "Không nhà mạng nào công bố gì ở đây" in text_of(run, "T5", "vi")
    found = explain_signal(run, "CS1", language="vi")
    assert found is not None
    assert "từ đâu ra" in found.files["index.html"].decode("utf-8")


def test_every_kind_of_zone_is_explained_and_agrees_with_its_table(run: Path) -> None:
    done = CompletedRun(run)
    told = 0
    for frame in done.zones().values():
        for row in frame.groupby(["class", "operator"], sort=True).head(1).to_dict("records"):
            said = text_of(run, row["dead_zone_id"], "vi")
            assert said.startswith(f"Vùng {row['dead_zone_id']} – ")
            if row["operator"] and row["class"] != "road":
                assert f"{row['operator']} được kết luận là không phủ" in said
            elif row["class"] == "single_operator":
                assert f"Một nhà mạng phủ ({row['operators_serving']}); các nhà mạng khác được kết luận là không: {row['operators_missing'].replace('; ', ', ')}." in said
            if row["class"] != "road" and math.isfinite(row["priority"]):
                terms = {name: row[f"priority_{name}"] for name in ("people", "villages", "facilities", "deadline", "cost")}
                assert sum("× trọng số " in line for line in said.splitlines()) == sum(math.isfinite(v) for v in terms.values())
            cell = done.grid_cell(row["lon"], row["lat"])
            assert cell is not None
            state = done.predicted.coverage.state[(slice(None), *cell)]
            assert all(int(s) != State.OUTSIDE for s in state)
            assert "terrain" not in said.split("Các số trong bảng")[1].split("Dòng dữ liệu")[0], "codes are told in words"
            told += 1
    assert told >= 2


def test_wrong_ids_name_near_ones(run: Path) -> None:
    zone = next(str(frame["dead_zone_id"].iloc[0]) for frame in CompletedRun(run).zones().values() if len(frame))
    for wrong, near in (("CS9", "CS1 (Trường thử)"), (zone[:-1] + "x", zone), ("A9", "A1"), ("T99", "T1 (Thôn 1)"), ("9900X", "99001 (Xã Thử 1)")):
        with pytest.raises(InputError) as caught:
            explain(run, wrong)
        assert caught.value.message.vi.startswith(f"Không thôn, cơ sở, xã, trạm, vùng lõm sóng hay mục nào của sổ theo dõi có mã '{wrong}'.")
        assert near in caught.value.message.vi
        assert near in caught.value.message.en


def test_what_the_run_did_not_keep_is_said(run: Path, tmp_path: Path) -> None:
    old = RunChains(CompletedRun(run))
    cell = old.run.grid_cell(105.62, 21.85) or (0, 0)
    old.__dict__ |= {"_fitted_terms": {}, "_rows": None}
    lines = [line.vi for story in layer_stories(old, cell) for line in story.lines]
    assert any("không lưu từng phần của hiệu chỉnh" in line for line in lines)
    assert any("lần chạy không lưu dòng nào" in line for line in lines)
    away = RunChains(CompletedRun(run), tmp_path / "nowhere.toml")
    captions = [caption.vi for story in layer_stories(away, cell) for caption, _ in story.rows]
    assert "Dự báo đã hiệu chỉnh, như lần chạy đã lưu" in captions
    assert not any(caption.startswith("Mô hình") for caption in captions)
    assert away.why_no_ground is not None
    assert any(line.vi.startswith("Phần dự báo của từng cell không kể ra được: ") for story in layer_stories(away, cell) for line in story.lines)


def test_a_sum_that_does_not_fit_is_not_passed_off_as_the_figure(run: Path) -> None:
    chains = RunChains(CompletedRun(run))
    cell = chains.run.grid_cell(105.62, 21.85) or (0, 0)
    stacks = chains._stacks
    chains.__dict__["_stacks"] = {**stacks, "prediction_dbm": np.asarray(stacks["prediction_dbm"]) + 1.0}
    assert any(line.vi.startswith("Không khớp: lần chạy lưu ") for story in layer_stories(chains, cell) for line in story.lines)


def test_probabilities_that_are_neither_0_nor_1_never_read_as_such() -> None:
    assert [chance_text(p).vi for p in (0.0, 0.0004, 0.25, 0.99951, 1.0)] == ["0,000", "< 0,001", "0,250", "> 0,999", "1,000"]


def test_weights_make_the_kriged_value() -> None:
    rng = np.random.default_rng(5)
    x, y, value = (rng.uniform(0, 4000, 60), rng.uniform(0, 4000, 60), rng.normal(0, 5, 60))
    field = smooth_field(x, y, value, np.full(60, 0.2), Variogram("exponential", 1.0, 900.0, 0.1), fusion_settings())
    for px, py in ((100.0, 200.0), (2000.0, 2000.0), (9000.0, 9000.0)):
        which, weight = kriging_weights(field, px, py, cell_size_m=100.0)
        mean = krige(field, np.array([px]), np.array([py]), cell_size_m=100.0)
        assert float(weight @ field.value[which]) == pytest.approx(float(mean.mean[0]), abs=1e-12)
        assert len(which) == int(mean.neighbours[0])

