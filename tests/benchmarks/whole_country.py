"""A folder of made-up run folders for every province, as the map of the country reads them: size and time beside plain folium.

    python -m tests.benchmarks.whole_country BOUNDARIES.parquet [--pictures FOLDER]

Boundaries are those of the file given; every figure is made up, and says so. Verdicts follow the sample's: 60 combinations of rule, operator,
technology and source, each with a row per commune.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.io.resources import load_toml
from geo.pipeline.country import write_country_map
from geo.report.tables import arrange, csv_bytes, result_table

OPERATORS = ("Mạng Đỏ", "Mạng Xanh", "Mạng Vàng", "Mạng Lam")
#: Rule, technology, access, source, statistic, threshold, unit, by operator.
RULES = (
    ("qcvn81_availability_4g", "4G", "mobile", "drive_test", "share", 0.95, "share", True), ("qcvn81_mean_download", "4G", "mobile", "crowd_test", "mean", 40.0, "Mbit/s", True),
    ("qcvn81_share_download", "4G", "mobile", "crowd_test", "share_at_least", 0.95, "share", True), ("qcvn81_mean_upload", "4G", "mobile", "crowd_test", "mean", 7.0, "Mbit/s", True),
    ("qcvn81_availability_3g", "3G", "mobile", "drive_test", "share", 0.95, "share", True), ("qcvn126_mean_download", "5G", "mobile", "crowd_test", "mean", 100.0, "Mbit/s", True),
    ("qcvn126_mean_upload", "5G", "mobile", "crowd_test", "mean", 40.0, "Mbit/s", True), ("qcvn126_share_download", "5G", "mobile", "crowd_test", "share_at_least", 0.95, "share", True),
    ("qcvn126_availability_5g", "5G", "mobile", "drive_test", "share", 0.9, "share", True), ("qcvn34_mean_download", "", "fixed", "crowd_test", "mean", 100.0, "Mbit/s", True),
    ("qcvn34_latency", "", "fixed", "crowd_test", "mean", 50.0, "ms", True), ("qcvn34_mean_upload", "", "fixed", "crowd_test", "mean", 50.0, "Mbit/s", True),
    ("commune_mobile_download", "", "mobile", "crowd_test", "mean", 40.0, "Mbit/s", False), ("commune_fixed_download", "", "fixed", "crowd_test", "mean", 91.0, "Mbit/s", False),
    ("commune_villages_mobile_broadband", "", "mobile", "", "reported", 0.9, "share", False), ("commune_sites_shared", "", "mobile", "operator_report", "reported", 0.2, "ratio", False),
    ("decision36_mean_download_4g", "4G", "mobile", "crowd_test", "mean", 40.0, "Mbit/s", False), ("decision36_mean_download_5g", "5G", "mobile", "crowd_test", "mean", 100.0, "Mbit/s", False),
    ("ipv6_for_gov_portals", "", "", "portals", "reported", 1.0, "share", False), ("decision912_mean_download_mobile", "", "mobile", "crowd_test", "mean", 40.0, "Mbit/s", False),
)  # fmt: skip


def made_up_runs(folder: Path, units: gpd.GeoDataFrame, *, rules: int = len(RULES), seed: int = 7) -> None:
    """Write one run folder per province: manifest, tables of communes, provinces and verdicts, and a page that stands for its map."""
    rng = np.random.default_rng(seed)
    names = {entry["code"]: entry["name"]["vi"] for entry in load_toml("provinces.toml")["province"]}
    for code, of in units.groupby("province_code"):
        path = folder / f"tinh-{code}"
        (path / "tables").mkdir(parents=True)
        communes = of[["commune_code", "commune_name", "province_code"]].reset_index(drop=True)
        n = len(communes)
        communes["area_km2"] = rng.uniform(5, 200, n).round(2)
        communes["population"] = rng.integers(900, 40_000, n)
        for name, share in zip(("served", "unserved", "uncertain", "unknown"), rng.dirichlet([9, 0.3, 1.5, 0.5], n).T, strict=True):
            communes[f"population_{name}_share"] = share
            communes[f"area_{name}_share"] = share
        communes["villages"] = rng.integers(4, 20, n)
        for name, most in (("white", 2), ("weak", 3), ("undecided", 4)):
            communes[f"villages_{name}"] = rng.integers(0, most, n)
        for operator in ("mang_do", "mang_xanh", "mang_vang", "mang_lam"):
            for technology in ("4g", "5g"):
                communes[f"{operator}_{technology}_population_served_share"] = rng.uniform(0.3, 1, n)
        sums = {name: int(communes[name].sum()) for name in ("population", "villages", "villages_white", "villages_weak", "villages_undecided")}
        weighed = communes["population"] / communes["population"].sum()
        shares = {f"{of_}_{name}_share": round(float((communes[f"{of_}_{name}_share"] * weighed).sum()), 4) for of_ in ("population", "area") for name in ("served", "unserved", "uncertain", "unknown")}
        province = pd.DataFrame([{"area_level": "province", "province_code": code, "province_name": names[code], "communes": n, "area_km2": communes["area_km2"].sum(), "communes_with_population": n, "population_of_shares": sums["population"], **shares, **sums}])
        frames = {"communes": communes, "provinces": province, "standards": verdicts(rng, communes["commune_code"].tolist(), code, rules)}
        for name, frame in frames.items():
            (path / "tables" / f"{name}.csv").write_bytes(csv_bytes(arrange(frame, result_table(name))))
        manifest = {
            "project": {"name": f"{names[code]} (giả định)", "date": f"2026-11-{1 + int(code) % 20:02d}", "provinces": [code], "operators": list(OPERATORS), "language": "vi", "made_up": True},
            "stages": [], "settings": {"coverage": {"served_probability": 0.9}}, "rules": {"catalogue": "vn-2026", "used": []}, "model": {"score": []},
        }  # fmt: skip
        (path / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        (path / "index.html").write_text(f"<!DOCTYPE html><title>{code}</title><p>{code}", encoding="utf-8")


def verdicts(rng: np.random.Generator, codes: list[str], province: str, rules: int) -> pd.DataFrame:
    """Return a verdict per commune and for the province under each rule; a third of them without enough samples."""
    parts = []
    for rule, technology, access, source, statistic, threshold, unit, by_operator in RULES[:rules]:
        for operator in OPERATORS if by_operator else ("",):
            n = len(codes) + 1
            value = threshold * rng.uniform(0.5, 1.6, n) if unit != "share" else np.minimum(1, threshold * rng.uniform(0.7, 1.06, n))
            spread = value * rng.uniform(0.02, 0.2, n)
            samples = rng.integers(0, 300, n)
            known, result = samples > 20, np.where(value >= threshold, "meets", "fails")
            evidence = np.where(value - spread >= threshold, "supported", np.where(value + spread < threshold, "contradicted", "not_enough"))
            days = rng.integers(1, 29, n)
            parts.append(
                pd.DataFrame(
                    {
                        "area_code": [*codes, province], "area_level": ["commune"] * (n - 1) + ["province"], "rule_id": rule, "operator": operator, "technology": technology, "access": access,
                        "period": [f"2026-09-{d:02d}/2026-10-{d:02d}" for d in days], "source_kind": source, "statistic": statistic, "value": np.where(samples > 3, value, np.nan),
                        "low": np.where(samples > 3, value - spread, np.nan), "high": np.where(samples > 3, np.minimum(value + spread, 1 if unit == "share" else np.inf), np.nan), "n": samples,
                        "threshold": threshold, "rule_result": np.where(known, result, np.where(samples > 3, "insufficient_n", "not_applicable")),
                        "evidence": np.where(samples > 3, evidence, "not_enough"), "reason": rng.choice(["", "one_phone", "fewer_than_the_document_asks"], n),
                        "basis": "scorecard" if rule.startswith("commune") else "legal", "status": "in force", "document": "Văn bản giả định", "clause": "2.1", "rule_title": rule,
                        "indicator": "download", "unit": unit, "comparator": ">=", "campaign": "",
                        "n_effective": samples / 2, "n_needed": 40, "q_value": 0.5, "days": 9, "hours": 10, "places": 11, "devices": 12, "tied_with": "", "rule_valid_from": "2024-01-01", "rule_from": "vn-2026", "n_minimum": 300, "area_name": "", "rule_valid_to": "", "rule_due": "", "rule_area_level": "commune",
                    }
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def read_units(path: Path) -> gpd.GeoDataFrame:
    """Return communes with code, name, province and outline."""
    frame = gpd.read_parquet(path)
    return frame.rename(columns={"code": "commune_code", "fullName": "commune_name"})[["commune_code", "commune_name", "province_code", "geometry"]]


def plain_folium(units: gpd.GeoDataFrame, frame: pd.DataFrame) -> bytes:
    """Return the same communes with the same verdicts as a plain ``folium.GeoJson`` with a popup: nothing simplified, nothing packed."""
    import folium

    wide = frame.assign(key=frame["rule_id"] + " " + frame["operator"].fillna("")).pivot_table(index="area_code", columns="key", values=["value", "rule_result"], aggfunc="first")
    wide.columns = [" ".join(name) for name in wide.columns]
    joined = units.merge(wide.reset_index(), left_on="commune_code", right_on="area_code", how="left")
    made = folium.Map(location=[16, 107], zoom_start=6, tiles=None, prefer_canvas=True)
    fields = [name for name in joined.columns if name not in {"geometry", "area_code"}]
    folium.GeoJson(joined.to_json(), popup=folium.GeoJsonPopup(fields)).add_to(made)
    return made.get_root().render().encode("utf-8")


def ready_ms(browser: Any, path: Path, wanted: str) -> tuple[float, float, float]:
    """Return milliseconds from opening a file to the page's being ready and two frames drawn, those of the page's own thread on the processor, and of its scripts: best of three.

    On a busy machine the first is a figure of the machine; the processor's time is one of the page.
    """
    times, busy, scripts = [], [], []
    for _ in range(3):
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        started = time.perf_counter()
        page.goto(path.as_uri(), wait_until="load", timeout=120_000)  # a page with a policy allows no waiting inside it; its scripts run before the load event
        if not page.evaluate(wanted):
            raise RuntimeError(f"{path.name} is not ready")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        times.append((time.perf_counter() - started) * 1000)
        metrics = {entry["name"]: entry["value"] * 1000 for entry in session.send("Performance.getMetrics")["metrics"]}
        busy.append(metrics["TaskDuration"])
        scripts.append(metrics["ScriptDuration"])
        page.close()
    return min(times), min(busy), min(scripts)


def said(name: str, found: tuple[float, float, float]) -> str:
    """Return the times of a page in a line."""
    return f"{name} interactive after {found[0]:.0f} ms; processor {found[1]:.0f} ms, of them scripts {found[2]:.0f} ms"


def main() -> None:
    """Print sizes and times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("boundaries", type=Path)
    parser.add_argument("--keep", type=Path, help="folder to leave the run folders and the map in")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS

    units = read_units(options.boundaries)
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        made_up_runs(folder, units)
        started = time.perf_counter()
        written = write_country_map(folder, boundaries=options.boundaries)
        seconds = time.perf_counter() - started
        print(f"country.html: {written.bytes / 1e6:.2f} MB, {written.communes} communes, {written.provinces} provinces, {written.verdicts} verdicts, built in {seconds:.1f} s")
        tables = pd.concat([pd.read_csv(path, dtype=str, encoding="utf-8-sig") for path in sorted(folder.glob("*/tables/standards.csv"))])
        plain = folder / "plain.html"
        started = time.perf_counter()
        plain.write_bytes(sealed_plain(plain_folium(units, tables[tables["area_level"] == "commune"])))
        print(f"plain folium.GeoJson of the same data: {plain.stat().st_size / 1e6:.2f} MB, built in {time.perf_counter() - started:.1f} s")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=ARGUMENTS)
            print(said("country.html", ready_ms(browser, written.path, "window.vungphu !== undefined && vungphu.ready === true")))
            print(said("plain folium", ready_ms(browser, plain, "window.drawn === true")))
            browser.close()


def sealed_plain(page: bytes) -> bytes:
    """Return a plain folium page with Leaflet inside instead of its links, so that it can be opened without network, and a mark when it is drawn."""
    import re

    from geo.io.assets import installed_text

    text = page.decode("utf-8")
    text = re.sub(r"<(script|link)[^>]*(src|href)=\"https?://[^>]*>(</script>)?", "", text)
    leaflet = installed_text("xstatic.pkg.leaflet", "data/leaflet.js").replace("</script", "<\\/script")
    style = installed_text("xstatic.pkg.leaflet", "data/leaflet.css")
    jquery = installed_text("xstatic.pkg.jquery", "data/jquery.min.js").replace("</script", "<\\/script")
    text = text.replace("<head>", f"<head><style>{style}</style><script>{leaflet}</script><script>{jquery}</script>", 1)
    return text.replace("</html>", "<script>window.drawn = true;</script></html>", 1).encode("utf-8")




if __name__ == "__main__":
    main()
