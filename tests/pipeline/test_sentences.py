"""Sentences of a table are found in the other language by either text; a run without them has none."""

from __future__ import annotations

import pandas as pd

from geo.errors import Bilingual
from geo.mapping import ThemeLayer, vn_safe
from geo.mapping.palette import palette
from geo.mapping.theme_page import theme_data
from geo.mapping.themes import prepare_themes
from geo.pipeline.sentences import read_sentences, write_sentences


def test_a_sentence_is_found_by_either_language(tmp_path):
    said = [Bilingual("Đo ở 3 chỗ", "Measure in 3 places"), Bilingual("Mạng A đã đăng ký", "Registered by Mạng A"), Bilingual("Đo ở 3 chỗ", "Measure in 3 places")]
    write_sentences(tmp_path, "measurements_planned", "instruction", said)
    found = read_sentences(tmp_path, "measurements_planned")
    assert found == {"instruction": {text: one for one in said for text in (one.vi, one.en)}}
    assert read_sentences(tmp_path, "sites_planned") == {}, "an older run has no such file"


def test_the_page_has_both_languages_of_the_sentences_that_the_table_holds():
    columns = ("rank", "site_id", "source", "action", "year", "lon", "lat", "reason")
    frame = pd.DataFrame([(1, "G1", "proposed", "build", 2027, 105.2, 22.1, "Xây <mới>")], columns=list(columns)).astype(object)
    words = {"reason": {"Xây <mới>": Bilingual("Xây <mới>", "Build <anew>"), "khác": Bilingual("khác", "another")}}
    data = theme_data(prepare_themes([ThemeLayer("proposal", frame, words)], largest_bytes=10**6), palette())["proposal"]
    assert data["words"] == {"reason": {str(vn_safe("Xây <mới>")): [vn_safe("Xây <mới>"), vn_safe("Build <anew>")]}}
    assert "reason" not in [facet["key"] for facet in data["facets"]]
