"""The view of the country: the published tables of the provinces' runs in one sealed file, each province's own map linked by its relative path.

Figures are those of the runs' CSV files; nothing is computed anew. A province without a run is drawn without figures, which is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import __version__
from geo.crs import WGS84_EPSG
from geo.errors import Bilingual, InputError
from geo.io.boundaries import read_boundaries
from geo.io.files import write_bytes
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue, load_toml
from geo.io.reviews import ReviewFolder, open_review
from geo.io.rules import read_rules
from geo.io.run_folder import MANIFEST
from geo.mapping import DataSource, MapContent, ThemeLayer, build_map, public_content
from geo.mapping.content import ThemeKind
from geo.mapping.labels import count_text, date_text, phrase
from geo.mapping.palette import palette
from geo.pipeline.map_themes import rule_words
from geo.pipeline.showing import notices
from geo.report.tables import result_table
from geo.service_quality.periods import period_end
from geo.validation import IssueLog

__all__ = ["COUNTRY", "COUNTRY_PUBLIC", "CountryWritten", "country_content", "write_country_map"]

Edition = Literal["internal", "public"]

#: Names of the file, beside the run folders.
COUNTRY, COUNTRY_PUBLIC = "country.html", "country_public.html"
_MAPS: dict[Edition, str] = {"internal": "index.html", "public": "public/index.html"}
#: Figures that stand once per operator and technology: a view of the country keeps this one, the province's own tables have all.
_KEPT_OF_OPERATORS = "_population_served_share"
_OF_OPERATORS = ("_share", "_n")
#: What a verdict needs to be read; how its samples were spread stands in the province's table.
_VERDICT = (
    "area_code", "area_level", "rule_id", "operator", "technology", "access", "period", "source_kind", "statistic", "value", "low", "high", "n", "threshold",
    "rule_result", "evidence", "reason", "basis", "status", "document", "clause", "rule_title", "indicator", "unit", "comparator", "campaign",
    "n_minimum", "rule_due", "rule_area_level",
)  # fmt: skip
_THEMES: tuple[tuple[ThemeKind, str], ...] = (("verdict", "standards"), ("ipv6", "ipv6"))
_FACETS: dict[ThemeKind, tuple[str, ...]] = {
    "verdict": ("area_level", "area_code", "rule_id", "operator", "technology", "access", "source_kind", "campaign"),
    "ipv6": ("area_level", "area_code", "source_kind", "operator", "access"),
}
_LEVELS = ("commune", "province")
_TEXTS = frozenset({"text", "code", "date"})


@dataclass(frozen=True, slots=True)
class CountryWritten:
    """The file, how much it shows, and what was not taken.

    Attributes
    ----------
    path : Path
    bytes, provinces, communes, verdicts : int
        Size; provinces with a review; communes drawn or listed; verdicts given to the page.
    remarks : tuple of Bilingual
    """

    path: Path
    bytes: int
    provinces: int
    communes: int
    verdicts: int
    remarks: tuple[Bilingual, ...]


def write_country_map(folder: Path, *, boundaries: Path | None = None, edition: Edition = "internal", language: Literal["vi", "en"] | None = None) -> CountryWritten:
    """Write ``country.html`` (public edition: ``country_public.html``) into a folder of run folders.

    Parameters
    ----------
    folder : Path
        Holds the provinces' run folders (``maps``).
    boundaries : Path, optional
        Communes of the whole country; without it the provinces that have a run are drawn.
    edition : {"internal", "public"}
    language : {"vi", "en"}, optional
        In which the map opens; by default that of the first run's project.

    Raises
    ------
    InputError
        If the folder holds no finished run, or the boundaries cannot be read.
    """
    content, remarks = country_content(folder, boundaries=boundaries, edition=edition, language=language)
    page = build_map(content)
    path = folder / (COUNTRY_PUBLIC if edition == "public" else COUNTRY)
    write_bytes(path, page)
    provinces = content.provinces
    reviewed = 0 if provinces is None else int(provinces["review_date"].notna().sum())
    verdicts = sum(len(layer.frame) for layer in content.themes if layer.kind == "verdict")
    return CountryWritten(path, len(page), reviewed, 0 if content.communes is None else len(content.communes), verdicts, tuple(remarks))


def country_content(
    folder: Path, *, boundaries: Path | None = None, edition: Edition = "internal", language: Literal["vi", "en"] | None = None
) -> tuple[MapContent, list[Bilingual]]:
    """Return what the view of the country shows, and remarks on what was not taken; see :func:`write_country_map`."""
    remarks: list[Bilingual] = []
    reviews = _reviews(folder, remarks)
    communes = _communes(reviews.values(), _units(boundaries))
    provinces = _provinces(folder, reviews, communes, edition)
    days = sorted(review.date for review in reviews.values())
    themes = tuple(_themes(list(reviews.values())))
    lacking = communes["province_code"].isin(provinces.loc[provinces["review_date"].isna(), "province_code"])
    method = [
        phrase(
            "country.method", n=count_text(len(reviews)), total=count_text(len(provinces)), first=date_text(days[0].isoformat()), last=date_text(days[-1].isoformat()),
            metres=count_text(palette().drawing.country_simplify_m),
        )
    ]  # fmt: skip
    if lacking.any():
        method.append(phrase("country.without_review", n=count_text(int(lacking.sum())), provinces=count_text(int(provinces["review_date"].isna().sum()))))
    spoken: Literal["vi", "en"] = language or ("en" if next(iter(reviews.values())).language == "en" else "vi")
    title = phrase("country.title").text(spoken)
    content = MapContent(
        title=title,
        project_name=title,
        version=__version__,
        date=days[-1],
        made_up=any(bool(review.manifest["project"].get("made_up")) for review in reviews.values()),
        language=spoken,
        communes=communes,
        provinces=provinces,
        themes=themes,
        method=tuple(method),
        model_checked=all(bool((review.manifest.get("model") or {}).get("score")) for review in reviews.values()),
        notices=(*remarks, *_notices(reviews.values())),
        sources=tuple(_source(review) for review in reviews.values()),
    )
    return (public_content(content, notices=_notices(reviews.values())) if edition == "public" else content), remarks


def _reviews(folder: Path, remarks: list[Bilingual]) -> dict[str, ReviewFolder]:
    """Return the latest review of each province, by code; of a run over several provinces each of them."""
    if not folder.is_dir():
        raise InputError(f"Không thấy thư mục '{folder.name}'.", f"There is no folder '{folder.name}'.")
    found: dict[str, ReviewFolder] = {}
    several: set[str] = set()
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if not (path / MANIFEST).is_file():
            continue
        review = open_review(path)
        for code in review.provinces:
            several |= {code} & set(found)
            if code not in found or review.date >= found[code].date:
                found[code] = review
    if not found:
        raise InputError(
            f"Thư mục '{folder.name}' không chứa thư mục kết quả nào của tỉnh; hãy cho thư mục mà analyze.py ghi kết quả vào (thường là maps).",
            f"Folder '{folder.name}' holds no run folder of a province; give the folder that analyze.py writes into (maps as a rule).",
        )
    remarks.extend(
        phrase("country.same_province", province=_names().get(code, code), day=date_text(found[code].date.isoformat()), folder=found[code].name)
        for code in sorted(several)
    )
    return {code: found[code] for code in sorted(found)}


def _names() -> dict[str, str]:
    return {str(entry["code"]): str(entry["name"]["vi"]) for entry in load_toml("provinces.toml")["province"]}


def _units(boundaries: Path | None) -> gpd.GeoDataFrame | None:
    if boundaries is None:
        return None
    log = IssueLog(issue_catalogue())
    units = read_boundaries(boundaries, file=boundaries.name, options=TableOptions(), log=log)
    if not len(units):
        raise InputError(f"Tệp ranh giới '{boundaries.name}' không có xã nào dùng được.", f"The boundary file '{boundaries.name}' has no usable commune.")
    return gpd.GeoDataFrame(units[["commune_code", "commune_name", "province_code", "province_name", "geometry"]], crs=units.crs)


def _typed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a table of a run with the values that it was written from: figures as numbers, flags as truth values, what is not known as None."""
    kinds = {column.name: column.kind for column in result_table(table).columns}
    out: dict[str, Any] = {}
    for name in frame.columns:
        texts = [value or None for value in frame[name]]
        kind = kinds.get(str(name), "share" if str(name).endswith(_OF_OPERATORS) else "number" if _all_numbers(texts) else "text")
        if kind in _TEXTS:
            out[str(name)] = pd.Series(texts, dtype=object)
        elif kind == "flag":
            out[str(name)] = pd.Series([None if text is None else text.casefold() in {"true", "1"} for text in texts], dtype=object)
        else:
            out[str(name)] = pd.Series([_number(text) for text in texts], dtype=object)
    return pd.DataFrame(out)


def _all_numbers(texts: Sequence[str | None]) -> bool:
    return all(text is None or isinstance(_number(text), int | float) for text in texts)


def _number(text: str | None) -> int | float | str | None:
    if text is None:
        return None
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _kept(name: str, table: str) -> bool:
    """Tell whether a column of communes or provinces is shown: of those of one operator the people served alone."""
    if name in {column.name for column in result_table(table).columns}:
        return True
    return name.endswith(_KEPT_OF_OPERATORS) or not name.endswith(_OF_OPERATORS)


def _communes(reviews: Iterable[ReviewFolder], units: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return every commune with its figures, where it has some, and its outline: that of the boundaries, else of its run."""
    tables: list[pd.DataFrame] = []
    shapes: dict[str, Any] = {}
    for review in _once(reviews):
        frame = review.table("communes")
        layer = review.layer("communes")
        if frame is not None:
            typed = _typed(frame, "communes")
            tables.append(typed[[name for name in typed.columns if _kept(str(name), "communes")]])
        if layer is not None:
            shapes |= dict(zip(layer["commune_code"].astype(str), layer.geometry, strict=True))
    figures = pd.concat(tables, ignore_index=True).drop_duplicates("commune_code", keep="last") if tables else pd.DataFrame(columns=["commune_code"])
    if units is not None:
        shapes |= dict(zip(units["commune_code"].astype(str), units.geometry, strict=True))
        rest = pd.DataFrame(units[["commune_code", "commune_name", "province_code"]])
        figures = pd.concat([figures, rest[~rest["commune_code"].isin(figures["commune_code"])]], ignore_index=True)
    figures = figures.sort_values("commune_code", kind="stable").reset_index(drop=True)
    figures = figures.astype(object).where(figures.notna(), None)
    return gpd.GeoDataFrame(figures, geometry=[shapes.get(str(code)) for code in figures["commune_code"]], crs=WGS84_EPSG)


def _once(reviews: Iterable[ReviewFolder]) -> list[ReviewFolder]:
    """Return each run once, the earlier ones first: where two tell of one commune, the later counts."""
    return sorted({review.path: review for review in reviews}.values(), key=lambda review: (review.date, review.name))


def _provinces(folder: Path, reviews: Mapping[str, ReviewFolder], communes: gpd.GeoDataFrame, edition: Edition) -> gpd.GeoDataFrame:
    """Return one row per province: name, day of its review, path of its map, and the figures of ``provinces.csv``."""
    names = _names()
    rows: list[dict[str, Any]] = []
    columns: list[str] = []
    for code in sorted(set(communes["province_code"].dropna().astype(str)) | set(reviews)):
        review = reviews.get(code)
        row: dict[str, Any] = {"province_code": code, "province_name": names.get(code, code), "map_file": "", "review_date": None}
        row["communes"] = int((communes["province_code"] == code).sum())
        if review is not None:
            table = review.table("provinces")
            found = None if table is None else _typed(table[(table["area_level"] == "province") & (table["province_code"] == code)].reset_index(drop=True), "provinces")
            if found is not None and len(found):
                figures = {str(k): v for k, v in found.iloc[0].items() if _kept(str(k), "provinces") and k not in {"area_level", "population_of_shares"}}
                columns += [name for name in figures if name not in columns]
                row |= figures
            row["review_date"] = review.date.isoformat()
            if (review.path / _MAPS[edition]).is_file():
                row["map_file"] = "/".join(quote(part, safe="") for part in (*review.path.relative_to(folder).parts, *_MAPS[edition].split("/")))
        rows.append(row)
    order = ["province_name", "province_code", "review_date", *(name for name in columns if name not in {"province_name", "province_code"}), "map_file"]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(["communes", *order] if "communes" not in order else order))).astype(object)
    return gpd.GeoDataFrame(frame.where(frame.notna(), None), geometry=[None] * len(frame), crs=WGS84_EPSG)


def _themes(reviews: Sequence[ReviewFolder]) -> Iterable[ThemeLayer]:
    for kind, table in _THEMES:
        parts = []
        for review in _once(reviews):
            frame = review.table(table)
            if frame is not None and len(frame):
                frame = frame[frame["area_level"].isin(_LEVELS)]
                parts.append(frame[[name for name in _VERDICT if name in frame.columns]] if kind == "verdict" else frame)
        if not parts:
            continue
        whole = _latest(_typed(pd.concat(parts, ignore_index=True).fillna(""), table), _FACETS[kind])
        if len(whole):
            yield ThemeLayer(kind, whole, _rule_words(whole, reviews) if kind == "verdict" else {})


def _latest(frame: pd.DataFrame, facets: Sequence[str]) -> pd.DataFrame:
    """Return of each area and choice the row whose period ends last."""
    ends = frame["period"].map(lambda period: "" if period is None else period_end(str(period)))  # "2026-09" lies before "2026-Q4", and "2026" ends with it
    keys = [name for name in facets if name in frame.columns]
    order = frame.assign(_end=ends).reset_index(drop=True)
    latest = order[keys].fillna("").astype(str).assign(_end=order["_end"], _row=np.arange(len(order))).sort_values(["_end", "_row"], kind="stable")
    kept = np.sort(latest.drop_duplicates(keys, keep="last")["_row"].to_numpy())
    return frame.iloc[kept].reset_index(drop=True)


def _rule_words(frame: pd.DataFrame, reviews: Sequence[ReviewFolder]) -> dict[str, Mapping[str, Bilingual]]:
    """Return the name of each rule in both languages: the catalogue's where it is the table's own, else the table's; names and documents by their text too."""
    given = frame.drop_duplicates("rule_id").set_index("rule_id")["rule_title"].to_dict()
    known: dict[str, dict[str, Bilingual]] = {"rule_id": {}, "rule_title": {}, "document": {}}
    for catalogue in sorted({str(review.manifest.get("rules", {}).get("catalogue", "")) for review in reviews} - {""}):
        rules = [rule for rule in read_rules(catalogue).rules if rule.id in given and given[rule.id] in {rule.title.vi, rule.title.en}]
        for column, words in rule_words(rules).items():
            known[column] |= words
    names = {str(code): known["rule_id"].get(str(code), Bilingual(str(title or code), str(title or code))) for code, title in given.items()}
    return {**known, "rule_id": names}


def _notices(reviews: Iterable[ReviewFolder]) -> tuple[Bilingual, ...]:
    """Return what a reader has to know of rules and settings; warnings on inputs stand in each province's own map."""
    used = {str(rule.get("id")): rule for review in reviews for rule in review.manifest.get("rules", {}).get("used", ())}
    return notices((), present={"terrain": 1, "population_raster": 1, "population": 1, "settlements": 1}, defaults_used={}, rules=[used[key] for key in sorted(used)])


def _source(review: ReviewFolder) -> DataSource:
    table = review.table("communes")
    names = _names()
    provinces = ", ".join(str(names.get(code, code)) for code in review.provinces)
    return DataSource(review.name, None if table is None else len(table), review.date.isoformat(), Bilingual(provinces, provinces))
