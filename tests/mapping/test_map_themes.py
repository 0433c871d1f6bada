"""Themes made ready for the page: classes by hand, what is left out is said, every column and code has words in both languages."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import numpy as np
import pandas as pd
import pytest
import shapely
from made_up_province import make_content, unpacked_column
from made_up_themes import STANDING

from geo.errors import CrsError, InputError
from geo.io.resources import load_toml
from geo.mapping import ThemeLayer, build_map
from geo.mapping.content import THEME_KINDS
from geo.mapping.palette import palette
from geo.mapping.theme_page import theme_data, theme_entries, theme_names
from geo.mapping.themes import SPECS, class_keys, prepare_themes

ROOM = 10_000_000


@pytest.fixture(scope="module")
def content():
    """The made-up province without what takes time to draw."""
    whole = make_content()
    return dataclasses.replace(whole, coverage=(), all_operators=(), areas=(), roads=None, communes=whole.communes.iloc[:5].reset_index(drop=True))


@pytest.fixture(scope="module")
def layers(content):
    return {layer.kind: layer for layer in content.themes}


def test_a_line_stands_where_its_verdicts_put_it(layers):
    assert class_keys("plan", layers["plan"].frame) == list(STANDING)
    unsaid = layers["plan"].frame.iloc[[6]].assign(class_allowed=pd.array([pd.NA], dtype="boolean"), spacing_ok=pd.array([True], dtype="boolean"))
    assert class_keys("plan", unsaid) == ["open"], "what is not known is not in order"
    assert class_keys("plan", unsaid.assign(duplicate_of="M7")) == ["already_there"]


def test_masts_are_classed_by_class_and_by_whether_they_stand(layers):
    assert class_keys("mast", layers["mast"].frame) == ["a1a", "a2b", "unknown", "a2b_planned", "a2c_planned"]
    assert class_keys("sharing", layers["sharing"].frame) == ["none", "saves"]


def test_verdicts_on_roads_are_left_out_and_said_and_rules_with_figures_come_first(layers):
    made = prepare_themes([layers["verdict"]], largest_bytes=ROOM)
    frame = made.layers[0].frame
    assert set(frame["area_level"]) == {"commune", "province"}
    assert list(dict.fromkeys(frame["rule_id"])) == ["speed", "villages", "silent"]
    assert [said.vi for said in made.left_out] == ["1 dòng đối chiếu theo tuyến đường có trong tables/standards.csv, không vẽ trên bản đồ này."]
    small = prepare_themes([layers["verdict"]], largest_bytes=60 * 16)
    assert list(dict.fromkeys(small.layers[0].frame["rule_id"])) == ["speed", "villages"]
    assert "1 quy định" in small.left_out[-1].vi


def test_the_page_holds_the_figures_of_the_tables(layers, content):
    data = json.loads(re.search(r'id="vungphu-data">(.*?)</script>', build_map(content).decode(), re.DOTALL)[1])["themes"]
    assert list(data) == list(THEME_KINDS)
    for layer in prepare_themes(list(layers.values()), largest_bytes=ROOM).layers:
        table = data[layer.kind]["table"]
        assert [column["key"] for column in table["columns"]] == list(layer.frame.columns)
        for name, column in zip(layer.frame.columns, table["packed"], strict=True):
            found = [html.unescape(value) if isinstance(value, str) else value for value in unpacked_column(column, table["n"])]
            assert found == [None if value is None or value != value or value == "" else value for value in layer.frame[name]], (layer.kind, name)


def test_what_a_run_has_no_data_for_is_said_in_one_sentence_and_not_drawn(content):
    page = build_map(dataclasses.replace(content, themes=())).decode()
    assert 'id="themes-' not in page
    for kind in THEME_KINDS:
        assert len(re.findall(html.escape(load_toml("strings/map.toml")["about"][f"missing_{kind}"]["vi"]).replace(":", "&#58;").replace("(", "&#40;").replace(")", "&#41;"), page)) == 1, kind


def test_a_street_is_classed_by_what_becomes_of_its_cable_and_unknown_is_not_none(layers):
    assert class_keys("street", layers["street"].frame) == ["underground", "underground", "tidy", "waits", "no_cable", "unknown"]
    assert class_keys("street_project", layers["street_project"].frame) == ["planned", "waits"]


def test_lines_of_streets_are_those_given_and_what_does_not_fit_is_said(layers):
    layer = layers["street"]
    made = prepare_themes([layer], largest_bytes=ROOM, most_lines=4)
    assert made.layers[0].frame["section_id"].tolist() == ["P0", "P1", "P2", "P3"], "by rank"
    late = dataclasses.replace(layer, frame=layer.frame.assign(year=[None, None, None, None, 2027, 2028]))
    kept = prepare_themes([late], largest_bytes=ROOM, most_lines=3).layers[0]
    assert kept.frame["section_id"].tolist() == ["P4", "P5", "P0"], "what a year takes is never left out before the rest"
    assert made.left_out[0].vi == "2 dòng có hạng thấp, chưa xếp năm, chỉ có trong tables/undergrounding.csv, không vẽ trên bản đồ này."
    data = theme_data(made, palette())["street"]
    assert [shape is None for shape in data["lines"]] == [False, False, False, True]
    for shape, line in zip(data["lines"], layer.lines, strict=False):
        if shape is not None:
            steps = np.array(shape[1][0]).reshape(-1, 2).cumsum(axis=0) * 1e-5
            assert shapely.hausdorff_distance(shapely.LineString(steps), line) < 6 / 111_195, "no more than 5 m and the last decimal off"
    with pytest.raises(InputError, match=r"6 rows, 5 lines"):
        ThemeLayer("street", layer.frame, lines=layer.lines.iloc[:5])
    with pytest.raises(CrsError):
        ThemeLayer("street", layer.frame, lines=layer.lines.to_crs(3857))


def test_years_of_undergrounding_say_what_is_not_known_and_today_counts_nothing(content):
    page = build_map(dataclasses.replace(content, themes=())).decode()
    table = re.search(r'id="street-years".*?</table>', page, re.DOTALL)[0]
    rows = [[html.unescape(re.sub(r"<.*?>", "", cell)) for cell in re.findall(r'<t[hd][^>]*><span lang="vi">(.*?)</span>', row)] for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]
    head = rows[0]
    assert head[0] == "Năm"
    by_name = [dict(zip(head, row, strict=True)) for row in rows[1:]]
    assert [row["Năm"] for row in by_name] == ["hiện trạng", "2027", "2028"]
    assert [row["Chi phí, đồng"] for row in by_name] == ["–", "5.000.000.001", "chưa biết"]
    assert [row["Tỷ lệ ngầm"] for row in by_name] == ["11,4 %", "47,1 %", "47,1 %"]
    assert [row["Ngân sách, đồng"] for row in by_name] == ["–", "6.000.000.000", "–"]
    assert by_name[1]["Phố ngầm hóa, km"] == "0,369"
    assert 'id="street-years"' not in build_map(dataclasses.replace(content, themes=(), street_years=None)).decode()


def test_every_column_code_class_and_facet_has_words_in_both_languages(layers):
    names = theme_names()
    data = theme_data(prepare_themes(list(layers.values()), largest_bytes=ROOM), palette())
    plain = {"text", "code", "count", "number", "share", "flag", "date", "degree"}
    for kind, spec in SPECS.items():
        entries = theme_entries(kind)
        assert set(spec.facets) | {spec.name, spec.code} | spec.first <= set(entries), kind
        assert all(entry["vi"] and entry["en"] for entry in entries.values())
        assert {entry["kind"] for entry in entries.values()} <= plain | set(names), kind
        for look in data[kind].get("styles", data[kind].get("symbols", data[kind].get("strokes"))):
            assert all(look["label"])
        assert all(all(facet["label"]) and all(facet["none"]) for facet in data[kind]["facets"])


def test_result_and_evidence_are_told_apart_without_colour_and_never_by_one_sign(layers):
    colours = palette()
    assert set(colours.evidence) == {"supported", "contradicted", "not_enough"}
    assert len(set(colours.evidence.values())) == 3
    assert {style.key for style in colours.surfaces["verdict"]} == {"meets", "fails", "insufficient_n", "indicative", "not_applicable"}
    assert {style.pattern for style in colours.surfaces["verdict"]} == {"solid"}, "the pattern is the evidence's"
    patterns = [style.pattern for style in colours.surfaces["ipv6"]]
    assert len(set(patterns)) == len(patterns)
    assert len(colours.surfaces["ipv6"]) == len(colours.share_cuts) + 2
    for kind, symbols in colours.points.items():
        looks = [(symbol.shape, symbol.fill) for symbol in symbols]
        assert len(set(looks)) == len(looks), kind


def test_a_theme_without_its_columns_is_refused(layers):
    with pytest.raises(InputError, match="rule_result"):
        ThemeLayer("verdict", layers["verdict"].frame.drop(columns="rule_result"))
