"""What ships with the package is read once, and handed out as the caller's own."""

from __future__ import annotations

import pytest

from geo.errors import ResourceError
from geo.io.resources import load_toml


def test_a_change_of_one_caller_reaches_no_other() -> None:
    first = load_toml("planning.toml")
    kept = load_toml("planning.toml")
    first["undergrounding"].clear()
    assert load_toml("planning.toml") == kept
    assert kept["undergrounding"]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ResourceError, match=r"nowhere\.toml"):
        load_toml("nowhere.toml")
