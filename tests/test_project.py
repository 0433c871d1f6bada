"""What the project promises around its code: locks, licences, the wheel, the two commands, CI."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import geo

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUN_LOCK, TEST_LOCK = "requirements.lock", "requirements-test.lock"
README_COMMANDS = ["python3 scripts/run_sample.py", "python3 scripts/run_tests.py"]


def sh_blocks(text: str) -> list[str]:
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)]


# -- locks ----------------------------------------------------------------------------------------


def read_lock(text: str) -> dict[str, tuple[str, ...]]:
    """Return requirement line -> its hashes."""
    pins: dict[str, tuple[str, ...]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        line = entry.split(" #")[0].strip()
        if line and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line)
            pins[requirement] = tuple(sorted(hashes))
    return pins


def lock(name: str) -> dict[str, tuple[str, ...]]:
    return read_lock((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [RUN_LOCK, TEST_LOCK])
def test_every_pin_is_exact_and_hashed(name: str) -> None:
    pins = lock(name)
    assert len(pins) > 20
    for requirement, hashes in pins.items():
        assert re.fullmatch(r"==[^=,*]+", str(Requirement(requirement).specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


def test_test_lock_contains_the_run_time_lock() -> None:
    run, test = lock(RUN_LOCK), lock(TEST_LOCK)
    assert {pin: test.get(pin) for pin in run} == run


def unmet(requirements: Sequence[str], pins: Sequence[str]) -> list[str]:
    """Return the requirements that some pin of the lock does not satisfy, or that have none."""
    locked: dict[str, list[Requirement]] = {}
    for pin in map(Requirement, pins):
        locked.setdefault(canonicalize_name(pin.name), []).append(pin)
    return [
        text
        for text in requirements
        for wanted in [Requirement(text)]
        for found in [locked.get(canonicalize_name(wanted.name), [])]
        if not found or not all(wanted.specifier.contains(str(pin.specifier)[2:]) for pin in found)
    ]


def test_locks_meet_what_the_project_asks_for() -> None:
    assert unmet(PROJECT["dependencies"], list(lock(RUN_LOCK))) == []
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    assert unmet(extras, list(lock(TEST_LOCK))) == []


def test_unmet_requirements_are_found() -> None:
    pins = ["a-b==1.0 ; python_version < '3.12'", "a-b==2.0 ; python_version >= '3.12'", "c==3"]
    assert unmet(["A_b>=1", "c"], pins) == []
    assert unmet(["a-b>=1.5", "c<3", "d"], pins) == ["a-b>=1.5", "c<3", "d"]


# -- licences -------------------------------------------------------------------------------------

ALLOWED_LICENCES = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
    # names in use before SPDX expressions, and classifiers
    "Apache 2.0", "Apache Software License", "BSD", "BSD License", "BSD 2-Clause License", "ISC License (ISCL)",
    "MIT License", "Mozilla Public License 2.0 (MPL 2.0)", "New BSD", "Python Software Foundation License",
}  # fmt: skip

# Metadata that does not name a licence: what it says, and what was found when it was looked up.
EXAMINED_LICENCES = {
    "axe-playwright-python": ("", "the licence file is MIT; the axe-core file in it is MPL-2.0 and is used by tests alone"),
    "exactextract": ("Apache License", "the whole text of Apache-2.0 stands in the field"),
    "pypdfium2": (
        "BSD-3-Clause, Apache-2.0, dependency licenses",
        "itself either of the two; PDFium in it is BSD-3-Clause, what is built into that is permissive (FreeType by its own licence); used by tests alone",
    ),
    "xstatic-jquery": ("(same as jQuery)", "jQuery is MIT; the package is files of jQuery"),
    "xstatic-leaflet": ("(same as Leaflet)", "Leaflet is BSD-2-Clause; the package is files of Leaflet"),
}


def stated_licence(metadata: Any) -> str:
    """Return the SPDX expression, else the licence classifiers, else the first line of the free text."""
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    classifiers = [c.split(" :: ") for c in metadata.get_all("Classifier") or []]
    named = [c[-1] for c in classifiers if c[0] == "License" and c[-1] != "OSI Approved"]
    if named:
        return " AND ".join(named)
    return str(metadata.get("License") or "").strip().split("\n")[0].strip()


def licence_allowed(expression: str) -> bool:
    """Is an expression of AND and OR covered by the allow-list (inside brackets: every name of it)?"""
    if "(" in expression and expression not in ALLOWED_LICENCES and " OR " in expression:
        choices = [re.sub(r" OR ", " AND ", re.sub(r"[()]", "", expression))]
    else:
        choices = expression.split(" OR ")
    return any(all(name in ALLOWED_LICENCES for name in choice.split(" AND ")) for choice in choices)


def licence_problem(name: str, metadata: Any) -> str | None:
    stated = stated_licence(metadata)
    if name in EXAMINED_LICENCES:
        examined = EXAMINED_LICENCES[name][0]
        return None if stated == examined else f"{name}: says {stated!r} now, {examined!r} was examined"
    return None if licence_allowed(stated) else f"{name}: licence {stated!r} is not on the list"


def test_licences_of_all_locked_packages() -> None:
    problems = []
    names = {
        canonicalize_name(pin.name)
        for pin in map(Requirement, lock(TEST_LOCK))
        if pin.marker is None or pin.marker.evaluate()
    }
    assert len(names) > 40
    for name in sorted(names):
        try:
            problems.append(licence_problem(name, importlib.metadata.metadata(name)))
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{name} is in {TEST_LOCK} but not installed: python3 scripts/run_tests.py installs it")
    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ("License-Expression: GPL-3.0-or-later", False),
        ("License-Expression: MIT AND AGPL-3.0-only", False),
        ("License-Expression: Apache-2.0 OR GPL-2.0-only", True),
        ("License-Expression: MIT AND (GPL-2.0-only OR BSD-3-Clause)", False),
        ("Classifier: License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)", False),
        ("License: GPLv2+", False),
        ("License: (same as jQuery)", False),
        ("Summary: says nothing", False),
        ("Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", True),
        ("License: MIT", True),
    ],
)
def test_licence_check_refuses_made_up_packages(fields: str, allowed: bool) -> None:
    from email import message_from_string

    metadata = message_from_string(f"Metadata-Version: 2.4\nName: made-up\n{fields}\n")
    assert (licence_problem("made-up", metadata) is None) is allowed


def test_a_changed_examined_licence_is_noticed() -> None:
    from email import message_from_string

    assert licence_problem("xstatic-jquery", message_from_string("License: GPL-3.0\n"))


# -- the package ----------------------------------------------------------------------------------


def test_version_is_stated_once() -> None:
    assert PROJECT["version"] == geo.__version__
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_wheel_holds_the_package_and_all_its_data(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "geo", source / "geo", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    (source / "tests").mkdir()
    (source / "tests" / "test_x.py").touch()
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--quiet",
         "--wheel-dir", str(tmp_path), str(source)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("vungphu-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    # pip may have left files of the build in the copy: the original tells what belongs there.
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "geo").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == expected
    assert "geo/py.typed" in packed


# -- README and CI --------------------------------------------------------------------------------


def test_readme_opens_with_the_two_commands() -> None:
    assert sh_blocks((ROOT / "README.md").read_text(encoding="utf-8"))[:2] == README_COMMANDS


def test_readme_project_file_is_understood(tmp_path: Path) -> None:
    from geo.io.project import read_project

    block, _ = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "project.toml").write_text(block, encoding="utf-8")
    project = read_project(tmp_path / "project.toml")
    assert {"boundaries", "sites", "measurements", "terrain"} <= set(project.inputs)


def test_readme_rule_is_understood() -> None:
    from geo.io.rules import read_rules

    _, block = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    rules = read_rules("vn-2026", tomllib.loads(block), "our_rules.toml").get("commune_mobile_download")
    assert [rule.threshold for rule in rules] == [36.0, 60.0]


@pytest.mark.skipif(os.name == "nt", reason="CI runs on Linux")
@pytest.mark.parametrize(("second", "code"), [("echo ran=$VUNGPHU_REQUIRE_EXTERNAL", 0), ("exit 7", 7)])
def test_ci_runs_the_second_block_of_the_readme(tmp_path: Path, second: str, code: int) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("chromium", "soffice", "gdalinfo"):  # so that nothing is installed
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    readme = f"# x\n```sh\necho first\n```\ntext\n```sh\n{second}\n```\n```sh\necho third\n```\n"
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("VUNGPHU_REQUIRE_EXTERNAL", None)
    result = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False, cwd="/",
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    assert "first" not in result.stdout
    assert "third" not in result.stdout
    assert code or result.stdout.splitlines()[-1] == "ran=1"


@pytest.mark.parametrize("name", ["chromium", "gdal", "libreoffice"])
def test_a_missing_external_tool_skips_or_fails(
    name: str, external_tool: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VUNGPHU_REQUIRE_EXTERNAL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install"):
        external_tool(name)
    monkeypatch.setenv("VUNGPHU_REQUIRE_EXTERNAL", "1")
    with pytest.raises(pytest.fail.Exception, match="apt install"):
        external_tool(name)


# -- the launchers' environment -------------------------------------------------------------------


@pytest.fixture
def environment_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = ROOT / "scripts" / "_environment.py"
    spec = importlib.util.spec_from_file_location("_environment", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "_environment", module)
    spec.loader.exec_module(module)
    return module


class Machine:
    """A made-up machine: which interpreters run, and what commands were run."""

    def __init__(self, module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = module
        self.folder = folder
        self.commands: list[str] = []
        self.failing = ""
        self.base = module.Interpreter((3, 12), "base", "", ("pip", "venv", "ensurepip"))
        self.environment: Any = None
        monkeypatch.setattr(module, "ROOT", folder)
        monkeypatch.setattr(module, "_ask", lambda _command: self.environment)
        monkeypatch.setattr(module, "run", self.run)
        monkeypatch.setenv("VUNGPHU_VENV", str(folder / "venv"))
        (folder / RUN_LOCK).write_text("a", encoding="utf-8")
        (folder / TEST_LOCK).write_text("b", encoding="utf-8")

    def run(self, command: Sequence[str]) -> int:
        kind = command[2]
        self.commands.append(kind)
        if kind == self.failing:
            return 1
        if kind == "ensurepip":
            self.environment = self.environment._replace(modules=("pip",))
        if kind == "venv":
            (self.folder / "venv").mkdir(exist_ok=True)
            (self.folder / "venv" / "pyvenv.cfg").touch()
            self.environment = self.module.Interpreter((3, 12), "venv", str(self.folder / "venv"), ("pip",))
        return 0

    def prepare(self, lock_name: str = RUN_LOCK) -> list[str]:
        """Prepare and return what was run for it."""
        self.commands.clear()
        self.module.prepare(lock_name, base=self.base)
        return list(self.commands)


@pytest.fixture
def machine(environment_module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(environment_module, tmp_path, monkeypatch)


def test_second_run_installs_nothing(machine: Machine) -> None:
    assert machine.prepare() == ["venv", "pip"]
    assert machine.prepare() == []
    (machine.folder / RUN_LOCK).write_text("a changed", encoding="utf-8")
    assert machine.prepare() == ["pip"]


def test_line_ends_of_the_lock_do_not_count(machine: Machine) -> None:
    (machine.folder / RUN_LOCK).write_bytes(b"a\nb\n")
    machine.prepare()
    (machine.folder / RUN_LOCK).write_bytes(b"a\r\nb\r\n")
    assert machine.prepare() == []


def test_test_environment_serves_the_sample_too(machine: Machine) -> None:
    assert machine.prepare(TEST_LOCK) == ["venv", "pip"]
    assert machine.prepare(RUN_LOCK) == []
    (machine.folder / RUN_LOCK).write_text("a changed", encoding="utf-8")
    assert machine.prepare(RUN_LOCK) == ["pip"]
    assert machine.prepare(TEST_LOCK) == ["pip"]


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_interrupted_setup_is_taken_up_again(machine: Machine, step: str) -> None:
    machine.failing = step
    with pytest.raises(machine.module.SetupError):
        machine.prepare()
    machine.failing = ""
    assert machine.prepare() == ["venv", "pip"], "pip would keep half-installed packages"
    assert machine.prepare() == []


def test_an_environment_made_by_hand_is_used_as_it_is(machine: Machine) -> None:
    machine.run(["", "", "venv"])
    (machine.folder / "venv" / "own.txt").touch()
    assert machine.prepare() == ["pip"]
    assert machine.prepare() == []
    assert (machine.folder / "venv" / "own.txt").exists()


def test_an_environment_without_pip_gets_it(machine: Machine) -> None:
    machine.run(["", "", "venv"])
    machine.environment = machine.environment._replace(modules=())
    assert machine.prepare() == ["ensurepip", "pip"]


def test_an_environment_whose_python_is_gone_is_made_again(machine: Machine) -> None:
    machine.prepare()
    (machine.folder / "venv" / "lib").mkdir()
    machine.environment = None
    assert machine.prepare() == ["venv", "pip"]
    assert not (machine.folder / "venv" / "lib").exists()


def test_interrupted_upgrade_is_taken_up_again(machine: Machine) -> None:
    machine.prepare()
    (machine.folder / RUN_LOCK).write_text("a changed", encoding="utf-8")
    machine.failing = "pip"
    with pytest.raises(machine.module.SetupError):
        machine.prepare()
    machine.failing = ""
    (machine.folder / RUN_LOCK).write_text("a", encoding="utf-8")
    assert machine.prepare() == ["pip"]


def test_missing_venv_names_the_debian_package(machine: Machine) -> None:
    machine.base = machine.base._replace(modules=("pip", "venv"))
    with pytest.raises(machine.module.SetupError) as caught:
        machine.prepare()
    assert "apt install python3-venv" in caught.value.vi
    assert "apt install python3-venv" in caught.value.en


@pytest.mark.parametrize("which", ["base", "environment"])
def test_old_python_is_refused(machine: Machine, which: str) -> None:
    setattr(machine, which, machine.base._replace(version=(3, 10)))
    with pytest.raises(machine.module.SetupError) as caught:
        machine.prepare()
    assert "3.10" in caught.value.vi
    assert "3.11" in caught.value.en


def test_a_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    (machine.folder / "venv").mkdir()
    (machine.folder / "venv" / "thesis.docx").write_text("x", encoding="utf-8")
    with pytest.raises(machine.module.SetupError, match="VUNGPHU_VENV"):
        machine.prepare()
    assert machine.commands == []
    assert (machine.folder / "venv" / "thesis.docx").exists()


def test_unknown_interpreter_is_named(environment_module: ModuleType) -> None:
    with pytest.raises(environment_module.SetupError, match=r"python3\.99"):
        environment_module.find_interpreter("python3.99")
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "run_tests.py"), "--python", "python3.99"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert b"python3.99" in result.stderr
    assert b"Traceback" not in result.stderr


def test_interpreter_is_found_by_path(environment_module: ModuleType) -> None:
    assert environment_module.find_interpreter(sys.executable).version == sys.version_info[:2]


@pytest.mark.parametrize("name", ["_environment.py", "run_sample.py", "run_tests.py"])
def test_launchers_can_be_read_by_an_old_python(name: str) -> None:
    source = (ROOT / "scripts" / name).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    modules: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(str(node.module))
    assert len(modules) > 2
    assert {module.split(".")[0] for module in modules} <= {*sys.stdlib_module_names, "_environment"}


def test_sources_are_found_in_a_folder_with_a_vietnamese_name(
    environment_module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Dự án vùng phủ"
    (folder / "geo").mkdir(parents=True)
    (folder / "geo" / "__init__.py").write_text("PLACE = 'here'\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    monkeypatch.setattr(environment_module, "ROOT", folder)
    python = environment_module._python_of(folder / "venv")
    environment_module._link(environment_module._ask([str(python)]))
    # A locale that knows ASCII only, as a stand-in for a foreign code page.
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    result = subprocess.run(
        [str(python), "-c", "import geo; print(geo.PLACE)"],
        env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert result.stdout.strip() == "here", result.stderr
