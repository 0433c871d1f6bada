"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real public data and outside oracles; they are not part of the project and may be absent."""
    folder = Path(os.environ.get("VUNGPHU_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder.name}/ beside the checkout (set VUNGPHU_SHARED)")
    return folder
