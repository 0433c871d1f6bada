"""How every command ends: one sentence in the right language, the right exit code, no traceback unless asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.interruptible import heed_interrupts

_COMMAND = textwrap.dedent(
    """
    import sys, time
    sys.path.insert(0, sys.argv.pop(1))
    from _console import Console, Language, Quiet, StageProgress, Verbose, command_line, ending
    from geo.errors import Bilingual, GridMismatchError, InputError
    from geo.pipeline.engine import Stage, StageResult

    app = command_line()

    def slow(console):
        stage = Stage("slow", Bilingual("Chậm", "Slow"), lambda work: {})
        with StageProgress(console) as progress:
            progress.started(stage, 1, 1)
            time.sleep(2.8)
            progress.advanced(stage, 1, 4)
            time.sleep(0.4)
            progress.ended(StageResult(stage, "k", None, {}, {}, False, 3.2))

    def stages(console):
        stage = Stage("one", Bilingual("Đọc", "Read"), lambda work: {})
        with StageProgress(console) as progress:
            progress.started(stage, 1, 2)
            progress.advanced(stage, 1, 2)
            progress.ended(StageResult(stage, "k", None, {}, {}, False, 1.25))
            progress.started(stage, 2, 2)
            progress.ended(StageResult(stage, "k", None, {}, {}, True, 0.0))

    @app.command(help="Lệnh thử. / A command to try.")
    def main(way: str, lang: Language = None, verbose: Verbose = 0, quiet: Quiet = False) -> None:
        console = Console(lang, verbose, quiet)
        with ending(console):
            match way:
                case "input": raise InputError("Sai.", "Wrong.")
                case "own": raise GridMismatchError("Lệch.", "Unequal.")
                case "defect": raise RuntimeError("boom")
                case "memory": raise MemoryError
                case "full":
                    error = OSError(28, "No space left on device"); error.filename = "/secret/place/a.csv"; raise error
                case "wait":
                    print("ready", flush=True)
                    time.sleep(60)
                case "warn":
                    import warnings; warnings.warn("library talk")
                case "stages": stages(console)
                case "slow": slow(console)
            console.wrote("result")

    app()
    """
)


@pytest.fixture
def command(tmp_path: Path, project_root: Path) -> list[str]:
    script = tmp_path / "command.py"
    script.write_text(_COMMAND, encoding="utf-8")
    return [sys.executable, str(script), str(project_root / "scripts")]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, project_root: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project_root))
    monkeypatch.setenv("PYTHONUTF8", "1")


def run(command: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["input"], 2, "Lỗi: Sai.\n"),
        (["input", "--lang", "en"], 2, "Error: Wrong.\n"),
        (["own", "-q"], 1, "Lỗi: Lệch.\n"),
        (["full", "--lang", "en"], 2, "Error: The disk is full writing 'a.csv'; free some space and run again, what is finished is kept.\n"),
        (["memory", "--lang", "en"], 1, "Error: Out of memory; lower --workers or raise cell_size_m and run again.\n"),
        (["warn"], 0, ""),
    ],
)  # fmt: skip
def test_the_end_is_one_sentence(command: list[str], arguments: list[str], code: int, said: str) -> None:
    result = run(command, *arguments)
    assert (result.returncode, result.stderr) == (code, said)
    assert result.stdout == ("result\n" if code == 0 else "")


def test_a_defect_is_one_sentence_and_a_traceback_only_with_v(command: list[str]) -> None:
    result = run(command, "defect", "--lang", "en")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: A defect of the program (RuntimeError at command.py:")
    assert result.stderr.count("\n") == 1
    assert "Traceback" in run(command, "defect", "-v").stderr
    assert "Traceback" in run(command, "input", "-v").stderr


def test_stages_are_plain_lines_when_nobody_looks(command: list[str]) -> None:
    assert run(command, "stages").stderr == "[1/2] Đọc: xong, 1,2 giây\n[2/2] Đọc: đã có từ lần chạy trước\n"
    assert (
        run(command, "stages", "--lang", "en").stderr
        == "[1/2] Read: done, 1.2 s\n[2/2] Read: kept from an earlier run\n"
    )
    assert run(command, "stages", "-q").stderr == ""


def on_a_terminal(command: list[str], *arguments: str) -> str:
    """Run with a terminal as stderr and return what it shows."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(
        [*command, *arguments], stderr=theirs, stdout=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is gone
                break
            if not part:
                break
            shown += part
        process.wait(30)
    os.close(ours)
    return shown.decode("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="terminals as POSIX has them")
def test_a_bar_is_shown_on_a_terminal_for_what_takes_over_two_seconds(command: list[str]) -> None:
    slow = on_a_terminal(command, "slow", "--lang", "en")
    assert "25%" in slow
    assert "[1/1] Slow: done, 3.2 s" in slow
    quick = on_a_terminal(command, "stages", "--lang", "en")
    assert "%" not in quick
    assert "[1/2] Read: done, 1.2 s" in quick
    assert on_a_terminal(command, "slow", "-q") == ""


def test_library_warnings_are_shown_only_with_v(command: list[str]) -> None:
    assert "library talk" in run(command, "warn", "-v").stderr


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_says_so(command: list[str], number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [*command, "wait", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == code
    assert said == "Error: Stopped as asked; what is finished is kept, run the same command to go on.\n"


def test_help_speaks_both_languages(command: list[str]) -> None:
    said = run(command, "--help").stdout
    assert "Lệnh thử. / A command to try." in said
    assert "--lang" in said
