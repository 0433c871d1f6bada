"""Every command has help, is in the README, and answers a wrong option in one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(path.name for path in (ROOT / "scripts").glob("[!_]*.py"))


def documented_commands(readme: str) -> set[str]:
    """Return the commands that have a row in a table of the README."""
    return set(re.findall(r"^\| *`(\w+\.py)\b[^|`]*` *\|", readme, flags=re.MULTILINE))


def run_command(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def test_commands_are_found() -> None:
    assert {"run_sample.py", "run_tests.py"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str, tmp_path: Path) -> None:
    result = run_command(name, "--help", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "--help" in result.stdout
    assert re.search(r"[ăâđêôơưĂÂĐÊÔƠƯạảấầẩậắằặẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỷỹ]", result.stdout), "no Vietnamese in the help"
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == [], "asking for help wrote something"


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_option(name: str, tmp_path: Path) -> None:
    result = run_command(name, "--no-such-option", folder=tmp_path)
    assert result.returncode == 2
    assert "--no-such-option" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_readme_lists_exactly_the_commands() -> None:
    assert documented_commands((ROOT / "README.md").read_text(encoding="utf-8")) == set(COMMANDS)


def test_documented_commands_are_read_from_the_table() -> None:
    readme = "| command | does |\n|---|---|\n| `one.py FILE` | x |\n|`two.py`|y|\n\nmore in `three.py` | no\n"
    assert documented_commands(readme) == {"one.py", "two.py"}
