"""The rules of the house, each shown to catch a made-up violation."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GEO = ROOT / "geo"
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in GEO.rglob("*.py"))
MAX_LINES = 600
MAX_TEST_LINES = 800

# -- checks of one module's source: (path relative to the root, source) -> what is wrong -----------

Check = Callable[[str, str], Iterator[str]]

PAGE_PACKAGES = {"folium", "branca", "jinja2", "reportlab"}
PAGE_FOLDERS = ("geo/mapping/", "geo/report/")
TERMINAL_PACKAGES = {"argparse", "click", "getopt", "optparse", "typer"}
NETWORK_PACKAGES = {"aiohttp", "dns", "ftplib", "http", "httpx", "requests", "smtplib", "socket", "ssl", "urllib3"}
NETWORK_CALLS = {"create_connection", "create_datagram_endpoint", "create_server", "open_connection", "start_server"}
# The IPv6 check asks DNS and portals when a person or the project file says so; open data are fetched by the command that is for it.
NETWORK_FOLDERS = ("geo/ipv6/asking/", "geo/fetching/asking/")
FILE_FOLDERS = ("geo/io/",)
FILE_MODULES = ("geo/sample/writing.py",)
# Packages whose read..., write..., open... functions take a path.
FILE_PACKAGES = {
    "bz2", "calamine", "codecs", "geopandas", "gzip", "io", "lzma", "numpy", "os", "pandas", "pyarrow", "pyogrio",
    "python_calamine", "rasterio", "scipy", "shutil", "sqlite3", "tarfile", "tempfile", "xlsxwriter", "zipfile",
}  # fmt: skip
FILE_FUNCTION = re.compile(
    r"(read_|write_|save|load|Named|Temporary|Spooled|mk[sd]|copy|Parquet(File|Writer)|Workbook|ZipFile|TarFile)"
    r"|(open|open_new|open_file|connect|fromfile|genfromtxt|memmap|move|rmtree|load_workbook)$"
)
# "copy", "load..." and the like are ordinary words of numpy and os-free code.
NOT_A_FILE_FUNCTION = {"numpy.copy", "numpy.copyto", "io.StringIO", "io.BytesIO", "pandas.copy"}
FILE_METHODS = {
    "from_path", "open", "read_bytes", "read_text", "save", "to_csv", "to_excel", "to_feather", "to_file",
    "to_parquet", "to_pickle", "tofile", "touch", "write_bytes", "write_text",
}  # fmt: skip


@lru_cache(maxsize=8)  # every check asks for the same module
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Return local name -> dotted name for all imports of a module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                names[local] = alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{'.' * node.level}{node.module or ''}.{alias.name}"
    return names


def imported_packages(tree: ast.AST) -> dict[str, int]:
    """Return top-level package -> line of its first import."""
    packages: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                packages.setdefault(alias.name.split(".")[0], node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            packages.setdefault(node.module.split(".")[0], node.lineno)
    return packages


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """Return the dotted name of a call's function, imports resolved; "" where it starts with a value."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or (parts and node.id not in names):
        return ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def check_pages(path: str, source: str) -> Iterator[str]:
    """folium, branca, jinja2 and reportlab are imported only where pages are made."""
    if not path.startswith(PAGE_FOLDERS):
        for package, line in imported_packages(parsed(source)).items():
            if package in PAGE_PACKAGES:
                yield f"{path}:{line} imports {package}"


def check_terminal(path: str, source: str) -> Iterator[str]:
    """The library neither prints, nor asks, nor reads the command line."""
    tree = parsed(source)
    for package, line in imported_packages(tree).items():
        if package in TERMINAL_PACKAGES:
            yield f"{path}:{line} imports {package}"
    names = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func, names) in {"print", "input", "breakpoint", "sys.exit"}:
            yield f"{path}:{node.lineno} calls {dotted(node.func, names)}"
        if isinstance(node, ast.Attribute) and dotted(node, names) in {"sys.argv", "sys.stdout", "sys.stderr"}:
            yield f"{path}:{node.lineno} uses {dotted(node, names)}"


def check_network(path: str, source: str) -> Iterator[str]:
    """Nothing is asked of the network at run time, but where that is what was asked for."""
    if path.startswith(NETWORK_FOLDERS):
        return
    for node in ast.walk(parsed(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] in NETWORK_PACKAGES or (name + ".").startswith("urllib.request."):
                yield f"{path}:{node.lineno} imports {name}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NETWORK_CALLS:
            yield f"{path}:{node.lineno} calls .{node.func.attr}"


def in_memory(tree: ast.AST, names: dict[str, str]) -> set[str]:
    """Return the names that ``with`` binds to files held in memory."""
    return {
        item.optional_vars.id
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.context_expr, ast.Call) and isinstance(item.optional_vars, ast.Name)
        if dotted(item.context_expr.func, names) in {"rasterio.MemoryFile", "rasterio.io.MemoryFile"}
    }


def check_files(path: str, source: str) -> Iterator[str]:
    """Files are opened only in geo/io, and where the sample is written."""
    if path.startswith(FILE_FOLDERS) or path in FILE_MODULES:
        return
    tree = parsed(source)
    names = imported_names(tree)
    memory = in_memory(tree, names)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func, names)
        package, _, function = name.partition(".")
        last = function.rpartition(".")[2]
        if name == "open" or (
            package in FILE_PACKAGES and FILE_FUNCTION.match(last) and name not in NOT_A_FILE_FUNCTION
        ):
            yield f"{path}:{node.lineno} calls {name}"
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in FILE_METHODS
            and package != "geo"
            and not (isinstance(node.func.value, ast.Name) and node.func.value.id in memory)
        ):
            yield f"{path}:{node.lineno} calls .{node.func.attr}"


def check_broad_except(path: str, source: str) -> Iterator[str]:
    """No error is swallowed whole."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = [node.type] if not isinstance(node.type, ast.Tuple) else list(node.type.elts)
            for kind in caught:
                if kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}):
                    yield f"{path}:{node.lineno} catches everything"


def check_size(path: str, source: str) -> Iterator[str]:
    """No module is a giant."""
    lines = source.count("\n") + 1
    most = MAX_TEST_LINES if path.startswith("tests/") else MAX_LINES
    if lines > most:
        yield f"{path} has {lines} lines, at most {most}"


def _sort_key(name: str) -> tuple[int, list[object]]:
    """CONSTANTS, then Classes, then functions, numbers by value (as ruff sorts)."""
    group = 0 if name.isupper() else 1 if name.lstrip("_")[:1].isupper() else 2
    return group, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def check_surface(path: str, source: str) -> Iterator[str]:
    """Each module says what it is for, and lists what it offers, sorted and complete."""
    tree = parsed(source)
    if not ast.get_docstring(tree):
        yield f"{path} has no docstring"
    listed: list[str] | None = None
    public: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            public.append(node.name)
        elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            listed = list(ast.literal_eval(node.value))
    public = [name for name in public if not name.startswith("_")]
    if listed is None:
        if public or not path.endswith("__init__.py"):
            yield f"{path} has no __all__"
        return
    if listed != sorted(listed, key=_sort_key):
        yield f"{path}: __all__ is not sorted"
    for name in public:
        if name not in listed:
            yield f"{path}: {name} is public but not in __all__ (or should begin with _)"


CHECKS: list[tuple[Check, str, list[str], list[str]]] = [
    # check, where the examples stand, sources that must be caught, sources that must pass
    (
        check_pages,
        "geo/coverage/state.py",
        ["import folium", "from branca.element import Figure", "def f():\n    import jinja2", "from reportlab.pdfgen.canvas import Canvas"],
        ["import pandas", "text = 'folium'"],
    ),
    (
        check_terminal,
        "geo/grid.py",
        ["print('x')", "import argparse", "from typer import Option", "import sys\nsys.exit(2)",
         "import sys\nsys.stderr.write('x')", "from sys import argv\nimport sys\nx = sys.argv[1]"],
        ["log.info('x')", "self.print()", "import sys\nx = sys.version_info"],
    ),
    (
        check_network,
        "geo/io/tiles.py",
        ["import requests", "from urllib.request import urlopen", "import urllib.request as r\nimport socket",
         "from http import client", "from urllib import request", "import dns.resolver", "from aiohttp import ClientSession",
         "import asyncio\nasyncio.open_connection('x', 1)", "async def f(loop):\n    await loop.create_connection(f, 'x', 1)"],
        ["from urllib.parse import quote"],
    ),
    (
        check_files,
        "geo/coverage/state.py",
        ["open('x')", "from pathlib import Path\nPath('x').open()", "p.read_text()", "p.write_bytes(b'')",
         "import rasterio as rio\nrio.open('x')", "from rasterio import open as ro\nro('x')",
         "import pyogrio\npyogrio.read_dataframe('x')", "import geopandas as gpd\ngpd.read_file('x')",
         "frame.to_file('x')", "import pandas as pd\npd.read_csv('x')",
         "from pandas import read_parquet\nread_parquet('x')", "import numpy as np\nnp.load('x')", "import zipfile\nzipfile.ZipFile('x')",
         "import pyarrow.parquet as pq\npq.read_table('x')", "import tempfile\ntempfile.mkdtemp()",
         "import io\nio.open('x')", "frame.to_csv('x')", "import sqlite3\nsqlite3.connect('x')",
         "from python_calamine import CalamineWorkbook\nCalamineWorkbook.from_path('x')", "page.save('x')",
         "import rasterio\nwith rasterio.open('x') as m:\n    m.read()"],
        ["import io\nio.BytesIO()", "from geo.io import sites\nsites.read_sites('x')",
         "import numpy as np\nnp.copy(a)", "a.copy()", "from geo.io import files\nfiles.write_text('x', 'y')", "book.read()",
         "import rasterio\nwith rasterio.MemoryFile() as m:\n    m.open(driver='PNG')"],
    ),
    (
        check_broad_except,
        "geo/grid.py",
        ["try:\n    f()\nexcept:\n    pass", "try:\n    f()\nexcept Exception:\n    pass",
         "try:\n    f()\nexcept (ValueError, BaseException):\n    pass"],
        ["try:\n    f()\nexcept (ValueError, KeyError):\n    pass"],
    ),
    (check_size, "geo/grid.py", ["\n" * MAX_LINES], ["\n" * (MAX_LINES - 1)]),
    (
        check_surface,
        "geo/grid.py",
        ["__all__ = []", "'Text.'", "'Text.'\n__all__ = ['b', 'a']\na = b = 1",
         "'Text.'\n__all__ = ['a']\ndef a(): ...\ndef b(): ...", "'Text.'\n__all__ = ['f', 'A']\nclass A: ...\ndef f(): ..."],
        ["'Text.'\n__all__ = ['MAX', 'Grid', 'a2', 'a10']\n_b = 1\nMAX = 1\ndef a10(): ...\ndef a2(): ..."],
    ),
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_the_rules(module: str) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")
    assert [finding for check, *_ in CHECKS for finding in check(module, source)] == []


@pytest.mark.parametrize(("check", "where", "wrong", "right"), CHECKS, ids=lambda value: getattr(value, "__name__", ""))
def test_checks_catch_made_up_violations(check: Check, where: str, wrong: list[str], right: list[str]) -> None:
    for source in wrong:
        assert list(check(where, source)), source
    for source in right:
        assert list(check(where, source)) == [], source


def test_allowed_places_are_allowed() -> None:
    assert list(check_pages("geo/mapping/page.py", "import folium")) == []
    assert list(check_files("geo/io/sites.py", "open('x')")) == []
    assert list(check_files("geo/sample/writing.py", "open('x')")) == []
    assert list(check_network("geo/ipv6/asking/names.py", "import dns.resolver")) == []
    assert list(check_network("geo/ipv6/verdicts.py", "import dns.resolver"))
    assert list(check_network("geo/fetching/asking/transfer.py", "import aiohttp")) == []
    assert list(check_network("geo/fetching/fetch.py", "import aiohttp"))
    assert list(check_files("geo/sample/truth.py", "open('x')"))
    assert list(check_surface("geo/io/__init__.py", "'Text.'")) == []
    assert list(check_size("tests/test_x.py", "\n" * (MAX_TEST_LINES - 1))) == []
    assert list(check_size("tests/test_x.py", "\n" * MAX_TEST_LINES))


def test_no_script_or_test_is_a_giant() -> None:
    paths = [*(ROOT / "scripts").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    assert len(paths) > 3
    found = [
        finding
        for path in paths
        for finding in check_size(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert found == []


# -- import directions ----------------------------------------------------------------------------


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_import_directions() -> None:
    result = _lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "source", "contract"),
    [
        ("geo/io/sites.py", "import geo.coverage", "Layers of geo BROKEN"),
        ("geo/coverage/state.py", "from geo.pipeline import x", "Layers of geo BROKEN"),
        ("geo/mapping/page.py", "import geo.report", "Layers of geo BROKEN"),
        ("geo/errors.py", "def f():\n    import geo.grid", "Layers of geo BROKEN"),
        ("geo/sample/truth.py", "import geo.propagation", "Layers of geo BROKEN"),
        ("geo/coverage/state.py", "import geo.sample", "Nothing in geo uses the sample BROKEN"),
        ("geo/novelty.py", "", "Layers of geo BROKEN"),
    ],
)
def test_import_directions_catch_made_up_violations(tmp_path: Path, module: str, source: str, contract: str) -> None:
    # The same contracts, over a package in which each layer is an empty one.
    layers = ["coverage", "errors", "grid", "io", "mapping", "pipeline", "propagation", "report", "sample"]
    for layer in layers:
        (tmp_path / "geo" / layer).mkdir(parents=True)
        (tmp_path / "geo" / layer / "__init__.py").touch()
    (tmp_path / "geo" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    kept = _lint_imports(tmp_path)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    target = tmp_path / module
    if target.with_suffix("").is_dir():
        target = target.with_suffix("") / "__init__.py"
    target.write_text(source, encoding="utf-8")
    broken = _lint_imports(tmp_path)
    assert broken.returncode != 0
    assert contract in broken.stdout


# -- importing does nothing -----------------------------------------------------------------------

WATCHED_IMPORT = """
import importlib, json, logging, os, sys, threading
before, modules = json.loads(sys.argv[1])
sys.path[:0] = [os.getcwd()]
for name in before:  # other packages may do as they like
    importlib.import_module(name)
done = []
def watch(event, arguments):
    if event == "open":
        path = str(arguments[0])
        if path.endswith((".py", ".pyc", ".so", ".pyd")) or "__pycache__" in path or not watching:
            return
        done.append(f"open {path}")
    elif watching and (event.startswith(("socket.", "subprocess.", "urllib.", "shutil."))
                       or event in {"os.mkdir", "os.remove", "os.rename", "os.system", "os.putenv", "os.chdir"}):
        if not any("__pycache__" in str(a) for a in arguments):
            done.append(f"{event} {arguments}")
watching = True
sys.addaudithook(watch)
threads, handlers, level = threading.active_count(), list(logging.getLogger().handlers), logging.getLogger().level
for name in modules:
    importlib.import_module(name)
watching = False
if threading.active_count() != threads:
    done.append("a thread was started")
if logging.getLogger().handlers != handlers or logging.getLogger().level != level:
    done.append("logging was configured")
print(json.dumps(done))
"""


def _watched_import(folder: Path, modules: list[str], packages: list[str]) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", WATCHED_IMPORT, json.dumps([packages, modules])],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    *printed, last = result.stdout.splitlines()
    return [*json.loads(last), *(f"printed {line}" for line in printed)]


def _outside_packages() -> list[str]:
    """All modules outside geo that geo imports at the top of a module."""
    found: set[str] = set()
    for module in MODULES:
        for node in ast.parse((ROOT / module).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return sorted(name for name in found if name.split(".")[0] not in {"geo", "__future__"})


def test_importing_does_nothing() -> None:
    names = [m.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for m in MODULES]
    assert _watched_import(ROOT, names, _outside_packages()) == []


@pytest.mark.parametrize(
    "source",
    ["open(__file__ + '.txt', 'w').close()", "import os\nos.mkdir('x')", "print('x')",
     "import logging\nlogging.basicConfig()", "import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])",
     "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"],
)  # fmt: skip
def test_import_watch_catches_made_up_violations(tmp_path: Path, source: str) -> None:
    (tmp_path / "novelty.py").write_text(source, encoding="utf-8")
    assert _watched_import(tmp_path, ["novelty"], ["logging", "subprocess", "threading"])


# -- what the files of the project may say --------------------------------------------------------

MACHINE_WORDS = {
    "a path of one machine": re.compile(
        r"(?<![\w.~-])/(?:work|root|home|Users|tmp|mnt/[a-z])/\w|\b[A-Z]:\\(?:Users|Documents)\\", re.ASCII
    ),
    "a package index": re.compile(
        r"--(?:extra-)?index-url|--find-[l]inks|--trusted-[h]ost|files\.pythonhosted\.org|/sim[p]le/|registry\.npmjs"
    ),
    "a credential": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|\bgh[pousr]_[A-Za-z0-9]{20}|\bAKIA[0-9A-Z]{16}|://[^/\s:@]+:[^/\s:@{}<>]+@"
    ),
}


def machine_words(text: str) -> list[str]:
    """Return what a text says of one machine, one index, one account."""
    return [
        f"line {text.count(chr(10), 0, hit.start()) + 1}: {what}: {hit.group()}"
        for what, pattern in MACHINE_WORDS.items()
        for hit in pattern.finditer(text)
    ]


def tracked_files() -> list[Path]:
    result = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = result.stdout.decode("utf-8").split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_files_name_no_machine_no_index_no_credential() -> None:
    files = tracked_files()
    assert len(files) > 10
    found = []
    for path in files:
        content = path.read_bytes()
        if b"\0" not in content:
            name = path.relative_to(ROOT).as_posix()
            found += [f"{name} {words}" for words in machine_words(content.decode("utf-8", "replace"))]
    assert found == []


@pytest.mark.parametrize(
    "parts",
    [("/", "work/main/x"), ("cache = '/", "tmp/x'"), ("file:///", "home/an/x"), ("C:", "\\Users\\An"),
     ("--", "index-url x"), ("--extra-", "index-url=x"), ("https://example.org/", "simple/"),
     ("https://me:", "secret@example.org"), ("-----BEGIN ", "PRIVATE KEY"), ("ghp", "_" + "a" * 36)],
)  # fmt: skip
def test_machine_words_catch_made_up_violations(parts: tuple[str, str]) -> None:
    assert machine_words("first line\n" + "".join(parts))


def test_machine_words_leave_ordinary_text_alone() -> None:
    text = textwrap.dedent(
        """
        maps/work/x, --no-emit-index-url, https://example.org/home/page, ~/work/x, postgresql://user@host/table
        a/b/tmp/c and tỉnh/root/x
        """
    )
    assert machine_words(text) == []
