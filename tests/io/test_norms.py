"""Norms of cost: found by class, never guessed, every fault in one message. All norms are made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo.errors import InputError, MissingInputError
from geo.io.norms import Norms, needed_norms, read_norms

GOOD = """
[[norm]]
item = "build"
mast_class = "A2b"
low_vnd = 800_000_000
central_vnd = 900_000_000
high_vnd = 1_100_000_000
source = "Định mức giả định"
year = 2026

[[norm]]
item = "share"
low_vnd = 200_000_000
central_vnd = 250_000_000
high_vnd = 300_000_000
source = "Định mức giả định"
year = 2025
"""


def read(folder: Path, text: str) -> Norms:
    (folder / "norms.toml").write_text(text, encoding="utf-8")
    return read_norms(folder / "norms.toml", file="norms.toml")


def test_a_norm_is_of_a_class_or_of_all(tmp_path: Path) -> None:
    norms = read(tmp_path, GOOD)
    found = norms.find("build", mast_class="A2b")
    assert found is not None
    assert (found.low_vnd, found.central_vnd, found.high_vnd) == (800_000_000, 900_000_000, 1_100_000_000)
    assert norms.find("build", mast_class="A1a") is None
    share = norms.find("share", mast_class="A2b")
    assert share is not None
    assert share.central_vnd == 250_000_000
    assert norms.years == (2025, 2026)
    assert norms.missing([("build", "A2b"), ("build", "A1a"), ("move", ""), ("build", "A1a"), ("share", "A2c")]) == ["build A1a", "move"]


def test_what_is_needed_follows_from_the_lines() -> None:
    plans = pd.DataFrame({"action": ["build", "build", "share", "", "build"], "mast_class": ["A2b", "A2b", "A2b", "A1a", ""]})
    assert needed_norms(plans) == [("mast_year", ""), ("move", ""), ("build", ""), ("build", "A2b"), ("share", "")]
    assert needed_norms(None) == [("mast_year", ""), ("move", "")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("central_vnd = 900_000_000", "central_vnd = 1_200_000_000"), "low ≤ central ≤ high"),
        (("high_vnd = 1_100_000_000", ""), "whole đồng"),
        (("low_vnd = 800_000_000", "low_vnd = -1"), "whole đồng"),
        (("low_vnd = 800_000_000", "low_vnd = 0.5"), "whole đồng"),
        (('source = "Định mức giả định"\nyear = 2026', "year = 2026"), "'source' is missing"),
        (("year = 2026", 'year = "2026"'), "'year' of the price"),
        (('item = "build"', 'item = "buy"'), "item = 'buy'"),
        (('item = "share"', 'item = "build"\nmast_class = "A2b"'), "two norms"),
        (("year = 2026", "year = 2026\nprice = 3"), "no entry 'price'"),
        ((GOOD, "x = 1"), "[[norm]] entries"),
        ((GOOD, "[["), "not valid TOML"),
    ],
)
def test_faults_are_named(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert said in caught.value.message.en
    assert "norms.toml" in caught.value.message.vi


def test_all_faults_come_at_once_and_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace("year = 2026", "").replace("year = 2025", ""))
    assert caught.value.message.en.count("'year'") == 2
    with pytest.raises(MissingInputError):
        read_norms(tmp_path / "no.toml", file="no.toml")
