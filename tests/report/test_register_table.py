"""The register as people read it: words for every code, a sentence for every state, in both languages."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.io.resources import load_toml
from geo.register import STATES, states
from geo.register.causes import Cause, Causes, PlaceFacts
from geo.register.changes import KINDS, Change
from geo.report.phrases import phrases
from geo.report.register import _change_texts, _remark
from geo.report.tables import arrange, csv_bytes, in_words, result_table

CODES: dict[str, Any] = load_toml("results/columns.toml")["codes"]
PHRASES = phrases("results/register.toml")
COLUMNS = {column.name: column for column in result_table("register").columns}


def test_every_column_has_a_caption_and_its_codes_have_words() -> None:
    for column in COLUMNS.values():
        assert "_" not in column.caption.vi + column.caption.en, column.name
        assert column.caption.vi != column.caption.en, column.name
        if column.words.startswith("register_"):
            assert CODES[column.words], column.name


def test_every_state_flag_and_cause_has_words() -> None:
    assert set(CODES["register_states"]) == set(STATES)
    assert set(CODES["register_causes"]) == set(KINDS)
    source = Path(states.__file__).read_text(encoding="utf-8")
    flags = set(re.findall(r'flags\.add\("(\w+)"\)', source)) | set(re.findall(r'flags \|= \{"(\w+)", "(\w+)"\}', source)[0])
    comparison = Path(states.__file__).with_name("comparison.py").read_text(encoding="utf-8")
    flags |= {"new", "reopened", "claimed", *re.findall(r'^ {12}\("(\w+)", ', comparison, flags=re.MULTILINE), "split", "merge"}
    assert set(CODES["register_flags"]) == flags


def test_every_state_has_a_sentence() -> None:
    assert {state for state in STATES if not PHRASES.has("state", state)} == {"resolved"}
    for basis in ("measured", "acceptance", "register"):
        assert PHRASES.has("state", f"resolved_{basis}")
    for effect in CODES["register_rule_effects"]:
        assert PHRASES.has("rule", effect)


@pytest.mark.parametrize("section", ["register_states", "register_flags", "register_classes", "register_causes", "register_verdicts"])
def test_words_are_vietnamese_and_english(section: str) -> None:
    for code, words in CODES[section].items():
        assert words["vi"].strip(), code
        assert words["en"].strip(), code
        assert "_" not in words["vi"] + words["en"], code


def test_a_cell_may_list_several_codes() -> None:
    assert in_words("site; rule", COLUMNS["causes"], "vi") == "trạm; quy tắc"
    assert in_words("by_area; split", COLUMNS["flags"], "en") == "matched by ground; split"
    assert in_words("unheard_of", COLUMNS["state"], "en") == "unheard_of"
    assert in_words("", COLUMNS["state"], "vi") == ""


def test_the_codes_of_the_csv_stay() -> None:
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {"register_id": "99-20261101-001", "state": "resolved_predicted", "flags": "by_area; split", "accepted": False}
    text = csv_bytes(arrange(pd.DataFrame([row]), result_table("register"))).decode("utf-8-sig")
    assert "99-20261101-001,,resolved_predicted,by_area; split," in text
    assert ",FALSE," in text


# -- remarks


ROW: dict[str, Any] = {
    "state": "persisting", "basis": "zone", "flags": "", "shares_basis": "people", "deadline": None, "accepted_on": None, "last_measured": None,
    "resolved_on": None, "opened": date(2026, 11, 1), "merged_into": "", "unserved_share": 0.6, "uncertain_share": 0.3, "unknown_share": 0.1,
    "class": "white", "class_old": "white", "class_new": "white", "operator": "", "technology": "", "was_zone": True, "known": True,
    "split_from": "", "merged_from": "", "rule_effect": "", "old_review_old_rule": "", "new_review_old_rule": "", "old_review_new_rule": "",
    "new_review_new_rule": "",
}  # fmt: skip
NOTHING = Causes()
GAPS = {
    "white": "sóng", "weak": "sóng", "road": "sóng", "voice_only": "sóng 3G trở lên", "no_4g": "sóng 4G trở lên",
    "single_operator": "sóng của nhà mạng thứ hai", "indoor_only": "sóng trong nhà",
}  # fmt: skip


def remark(causes: Causes = NOTHING, facts: PlaceFacts | None = None, **changes: Any) -> Any:
    return _remark({**ROW, **changes}, causes, facts or PlaceFacts(appears=True))


@pytest.mark.parametrize("name", GAPS)
def test_what_is_missing_is_told_by_class(name: str) -> None:
    gone = {"class": name, "state": "remnant", "basis": "predicted"}
    assert remark(**gone).vi == f"Không còn thành một vùng kế tiếp, nhưng 60 % số người vẫn chưa có {GAPS[name]}."
    assert remark(**{**gone, "state": "resolved_predicted"}).vi.startswith(f"Chỉ dự báo cho thấy đã có {GAPS[name]};")
    assert remark(**{**gone, "state": "resolved", "basis": "measured"}).vi.startswith(f"Đã xử lý: đo được {GAPS[name]} sau khi vào sổ")
    assert remark(**{**gone, "state": "reopened", "basis": "zone"}).vi == f"Đã từng được coi là xử lý xong, nay lại chưa có {GAPS[name]}."
    assert remark(**{**gone, "state": "undecided"}).vi.endswith(f"30 % số người chưa chắc có {GAPS[name]}.")
    assert remark(**gone, flags="doubtful").vi.endswith(f"Tuy vậy kỳ mới thấy 60 % số người chưa có {GAPS[name]}.")
    assert ("sóng." in remark(**gone).vi) == (GAPS[name] == "sóng")
    assert "chưa có sóng của Mạng A" in remark(**gone, operator="Mạng A").vi or name == "road"
    assert "chưa có sóng 4G của Mạng A" in remark(**gone, operator="Mạng A", technology="4G").vi or name == "road"


def test_a_refused_acceptance_is_no_claim() -> None:
    refused = remark(flags="acceptance_refused", accepted_on=date(2027, 3, 5))
    assert refused.vi == "Vẫn còn. Nghiệm thu ngày 05/03/2027 không đạt."
    assert refused.en == "Still there. The acceptance of 2027-03-05 was refused."
    assert remark(state="claimed_not_shown").vi == "Doanh nghiệp báo đã phủ; cả đo và dự báo đều chưa thấy có sóng."
    both = remark(state="claimed_not_shown", flags="acceptance_refused", accepted_on=date(2027, 3, 5)).vi
    assert both.endswith("Nghiệm thu ngày 05/03/2027 không đạt.")


def measurement(old: str, new: str) -> Causes:
    return Causes((Cause("measurement", "possible", (Change("measurement", "files.measurements", old, new),)),))


def test_a_file_that_is_gone_is_not_told_as_measured() -> None:
    assert remark(measurement("m.csv", "")).vi == "Vẫn còn. Nguyên nhân: số đo (m.csv không còn trong dữ liệu đầu vào)."
    assert remark(measurement("m.csv", "")).en == "Still there. Cause: measurements (m.csv, no longer among the inputs)."
    assert remark(measurement("", "m.csv")).vi == "Vẫn còn. Nguyên nhân: số đo (m.csv mới có trong dữ liệu đầu vào)."
    assert remark(measurement("m.csv", "m.csv")).vi == "Vẫn còn. Nguyên nhân: số đo (m.csv có nội dung khác trước)."
    located = Causes((Cause("measurement", "located", ()),))
    facts = PlaceFacts(appears=True, samples_gone=12, samples_new=0)
    assert remark(located, facts).vi.endswith("Nguyên nhân: số đo (ngay tại đây: 12 mẫu đo của kỳ trước không còn trong dữ liệu).")
    facts = PlaceFacts(appears=True, samples_gone=0, samples_new=3)
    assert remark(located, facts).vi.endswith("Nguyên nhân: số đo (ngay tại đây: 3 mẫu đo chỉ kỳ này mới có).")


NAMES = st.lists(st.sampled_from(["a.csv", "b.csv", "c.tif", "d.xlsx"]), unique=True, max_size=4)


@given(NAMES, NAMES, st.sampled_from(["measurement", "input", "site"]))
def test_every_file_is_told_as_what_became_of_it(old: list[str], new: list[str], kind: str) -> None:
    texts = [text.vi for text in _change_texts(Change(kind, "files.x", ", ".join(old), ", ".join(new)))]
    for name in {*old, *new}:
        mine = [text for text in texts if name in text]
        assert len(mine) == 1
        wanted = "không còn trong" if name not in new else "mới có trong" if name not in old else "có nội dung khác trước"
        assert wanted in mine[0]


@pytest.mark.parametrize("effect", sorted(CODES["register_rule_effects"]))
def test_two_rules_are_always_told(effect: str) -> None:
    verdicts = {"old_review_old_rule": "unserved", "new_review_old_rule": "served", "old_review_new_rule": "served", "new_review_new_rule": "undecided"}
    both = remark(rule_effect=effect, **{"class": "no_4g"}, **verdicts)
    assert "quy tắc" in both.vi
    assert "rule" in both.en
    if effect in {"none", "partly", "hides"}:
        assert "chưa có sóng 4G trở lên → đã có sóng 4G trở lên" in both.vi
        assert "đã có sóng 4G trở lên → chưa đủ căn cứ" in both.vi
    assert "quy tắc" not in remark(rule_effect="").vi
