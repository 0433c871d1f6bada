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


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sys.path.insert(0, str(ROOT / "tests" / "pipeline"))
    from tiny import tiny_project

    return tiny_project(tmp_path_factory.mktemp("project"), cell_size_m=500)


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


@pytest.mark.parametrize("name", ["analyze.py", "check_inputs.py", "explain.py"])
def test_a_missing_argument_is_said_in_both_languages(name: str, tmp_path: Path) -> None:
    result = run_command(name, folder=tmp_path)
    assert result.returncode == 2
    wanted = "RUN" if name == "explain.py" else "PROJECT.toml"
    said = " ".join(result.stderr.split())
    assert f"Thiếu {wanted}" in said
    assert f"{wanted} is missing" in said
    assert "Missing argument" not in said
    assert "Traceback" not in result.stderr


def test_checking_says_kinds_in_the_project_s_language_and_each_once(tiny: Path, tmp_path: Path) -> None:
    good = run_command("check_inputs.py", str(tiny), "--out", str(tmp_path / "out"), folder=tmp_path)
    assert good.returncode == 0, good.stderr
    said = [line for line in good.stderr.splitlines() if line.startswith("Đang đọc: ")]
    assert "Đang đọc: Dân số (population)" in said
    assert "Đang đọc: Địa hình (terrain)" in said
    assert len(set(said)) == len(said)
    english = run_command("check_inputs.py", str(tiny), "--out", str(tmp_path / "out"), "--lang", "en", folder=tmp_path)
    assert "Reading: Population (population)" in english.stderr


def test_checking_refuses_the_settings_that_an_analysis_refuses(tiny: Path, tmp_path: Path) -> None:
    text = tiny.read_text(encoding="utf-8")
    assert "[settings]" in text
    text = text.replace('kind = "ground"', 'kind = "surface"').replace("[settings]", '[settings]\nend_loss = "p2108"')
    project = tiny.with_name("surface.toml")
    project.write_text(text, encoding="utf-8")
    said = []
    for command in ("check_inputs.py", "analyze.py"):
        done = run_command(command, str(project), "--out", str(tmp_path / command), "--lang", "vi", folder=tmp_path)
        assert done.returncode == 2, done.stderr
        said.append(done.stderr)
        sentence = 'end_loss = "p2108" không dùng được với địa hình kind = "surface"'
        assert sentence in " ".join(done.stderr.split())
    assert "1 lỗi" in said[0]
    assert list((tmp_path / "check_inputs.py").glob("*/issues.xlsx")), "the other findings are written all the same"


def test_checking_sees_at_once_that_it_cannot_write(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be", encoding="utf-8")
    bad = run_command("check_inputs.py", str(tiny), "--out", str(tmp_path / "out"), folder=tmp_path)
    assert bad.returncode == 2
    assert "Không ghi được vào thư mục" in bad.stderr
    assert "--out" in bad.stderr
    assert "Đang đọc" not in bad.stderr, "the inputs were read for nothing"
    assert str(tmp_path) not in bad.stderr


def test_the_readme_tells_of_overwriting_and_of_a_new_name() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "--overwrite" in readme
    assert "đổi tên dự án" in readme.casefold()
