"""Every code of the two tables has words in both languages, and none has words for nothing."""

from __future__ import annotations

import re
from pathlib import Path

import geo.service_quality
from geo.io.resources import load_toml
from geo.report.tables import arrange, csv_bytes, in_words, result_table
from geo.rules import AREA_LEVELS, BASES, SOURCE_KINDS, STATISTICS, STATUSES
from geo.service_quality import (
    SCORE_COLUMNS,
    SERIES_COLUMNS,
    STANDARD_COLUMNS,
    areas_of,
    scorecard,
    service_settings,
)
from geo.service_quality.reported import BY_PEOPLE
from tests.service_quality.made_up import UNITS, rule, samples, verdicts

WORDS = load_toml("results/standards.toml")


def test_tables_have_the_columns_of_the_frames() -> None:
    assert [c.name for c in result_table("standards").columns] == list(STANDARD_COLUMNS)
    assert [c.name for c in result_table("scorecard").columns] == list(SCORE_COLUMNS)
    assert [c.name for c in result_table("scorecard_series").columns] == list(SERIES_COLUMNS)


def test_codes_have_words() -> None:
    codes = WORDS["codes"]
    assert set(codes["standards_status"]) == set(STATUSES)
    assert set(codes["standards_bases"]) == {*BASES, "reference"}
    assert set(codes["standards_sources"]) == {*SOURCE_KINDS, *BY_PEOPLE, "portals"}
    assert set(codes["standards_levels"]) == {*AREA_LEVELS, "former_commune"}
    assert set(codes["standards_statistics"]) == {*STATISTICS, "population_weighted"} - {"percentile"}
    for section in codes.values():
        for entry in section.values():
            assert entry["vi"]
            assert entry["en"]


def test_every_reason_that_the_code_gives_has_words_and_no_other() -> None:
    folder = Path(geo.service_quality.__file__).parent
    texts = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    words = set(WORDS["codes"]["standards_reasons"])
    assert {code for code in words if f'"{code}"' not in texts} == set()
    given = set(re.findall(r'\("(\w+)", (?:~?some|judged|telling|found|level)', texts)) | set(re.findall(r'reasons\.append\("(\w+)"\)', texts))
    assert len(given) > 15
    assert given <= words


def test_rows_read_in_words() -> None:
    table = verdicts(samples([{"download_mbps": 50.0}]), rule(status="unverified"))
    arranged = arrange(table.drop(columns=["joint_low", "joint_high"]), result_table("standards"))
    columns = {c.name: i for i, c in enumerate(arranged.columns)}
    row = arranged.rows[0]
    said = {name: in_words(row[i], arranged.columns[i], "vi") for name, i in columns.items()}
    assert said["basis"] == "tham khảo (chưa kiểm chứng)"
    assert said["indicator"] == "Tốc độ tải xuống"
    assert "quy định chưa kiểm chứng, không phải căn cứ pháp lý" in str(said["reason"])
    assert ";one_phone" not in str(said["reason"])
    text = csv_bytes(arranged).decode("utf-8-sig")
    assert "reference" in text
    card = scorecard(table, areas_of(UNITS), service_settings())
    assert arrange(card, result_table("scorecard")).rows
