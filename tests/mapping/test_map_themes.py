"""Themes made ready for the page: classes by hand, what is left out is said, every column and code has words in both languages."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import pandas as pd
import pytest
from made_up_province import make_content, unpacked_column
from made_up_themes import STANDING

from geo.errors import InputError
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
