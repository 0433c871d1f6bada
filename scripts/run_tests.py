"""Set everything up and run all checks: lint, types, import rules, dependencies, tests.

Standard library only; needs nothing but Python 3.11 or later with venv and pip.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from _environment import SetupError, find_interpreter, prepare, run, say

LOCK = "requirements-test.lock"
CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "types": ["-m", "mypy"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache", "--no-logo"],
    "dependencies": ["-m", "deptry", "."],
    # A file stays with one worker: what its tests share is made once, and a kernel is compiled by one of them.
    "tests": ["-m", "pytest", "-n", "2", "--dist", "loadfile", "--durations", "10"],
}


def _arguments(given: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Cài đặt và chạy mọi kiểm tra. / Set everything up and run all checks.",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted(CHECKS),
        help="chỉ chạy phần này, có thể lặp lại / run this part only, repeatable",
    )
    parser.add_argument(
        "--slow",
        action="store_true",
        help="chạy các kiểm chứng dài thay cho bộ thường / run the long proofs instead of the usual tests",
    )
    parser.add_argument(
        "--new-examples",
        action="store_true",
        help="kiểm thử theo tính chất rút ví dụ mới thay vì luôn cùng ví dụ / property tests draw new examples "
        "instead of the same ones every time",
    )
    parser.add_argument(
        "--python",
        action="append",
        metavar="NAME",
        help="trình thông dịch, mỗi cái một môi trường riêng, có thể lặp lại (python3.11, python3.13) / "
        "interpreter, each in an environment of its own, repeatable",
    )
    return parser.parse_args(given)


def _run_checks(python: Path, options: argparse.Namespace) -> int:
    """Run the checks one after the other, all of them even if one fails; return the first bad exit code."""
    results = []
    for name, arguments in CHECKS.items():
        if options.only and name not in options.only:
            continue
        if options.slow and name != "tests":
            continue
        extra = ["-m", "slow"] if options.slow else []
        print(f"== {name}", flush=True)
        started = time.perf_counter()
        code = run([str(python), *arguments, *extra])
        results.append((name, code, time.perf_counter() - started))
    for name, code, seconds in results:
        print(f"== {name}: {'ok' if code == 0 else f'exit code {code}'}, {seconds:.0f} s", flush=True)
    return next((code for _, code, _ in results if code), 0)


def main(given: list) -> int:
    """Set up, run the checks with each interpreter asked for, return the exit code."""
    options = _arguments(given)
    if options.new_examples:
        os.environ["VUNGPHU_NEW_EXAMPLES"] = "1"
    try:
        # All interpreters are looked for before the first long run starts.
        found = [find_interpreter(name) for name in options.python or []]
        if not found:
            return _run_checks(prepare(LOCK), options)
        codes = []
        for base in found:
            version = ".".join(map(str, base.version))
            print(f"== Python {version}", flush=True)
            codes.append(_run_checks(prepare(LOCK, base=base, suffix="-" + version), options))
        return next((code for code in codes if code), 0)
    except SetupError as error:
        say(error.vi, error.en)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
