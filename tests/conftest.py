"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
# As the commands do (scripts/_console.py): before any test module loads numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The usual run draws the same examples each time, so that a change is judged by what it changes; a search for new ones:
# python3 scripts/run_tests.py --new-examples
settings.register_profile("usual", derandomize=True)
settings.register_profile("new", derandomize=False, print_blob=True)
settings.load_profile("new" if os.environ.get("VUNGPHU_NEW_EXAMPLES", "0") not in {"", "0"} else "usual")


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


# What a test asks for: the programs that will do, and the Debian package that has them.
EXTERNAL_TOOLS = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "gdal": (("gdalinfo",), "gdal-bin"),
    "iconv": (("iconv",), "libc-bin"),
    "libreoffice": (("soffice", "libreoffice"), "libreoffice-calc-nogui"),
}


def find_external_tool(name: str) -> Path:
    """Return the program ``name``; without it skip, or fail where VUNGPHU_REQUIRE_EXTERNAL is set."""
    programs, package = EXTERNAL_TOOLS[name]
    for program in programs:
        found = shutil.which(program)
        if found:
            return Path(found)
    message = f"{name} is not installed: apt install {package}"
    if os.environ.get("VUNGPHU_REQUIRE_EXTERNAL", "0") not in {"", "0"}:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def external_tool() -> Callable[[str], Path]:
    """Give the path of ``"chromium"``, ``"libreoffice"`` or ``"gdal"`` (its gdalinfo)."""
    return find_external_tool
