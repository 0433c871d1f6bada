"""The truth owes nothing to the product: shown on the sources themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "geo" / "sample"
MODULES = sorted(SAMPLE.glob("*.py"))
#: What the generator may take from the product: coordinates of the deliveries and atomic writing.
ALLOWED = {"geo.crs": {"site_tables.py", "plan_tables.py"}, "geo.io.files": {"writing.py"}}


def foreign_imports(source: str) -> set[str]:
    """Return the modules of the product outside ``geo.sample`` that a source imports, however it says so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level > 1:
                found.add("geo")  # a relative import that leaves the package
            elif node.module == "geo":
                found |= {f"geo.{alias.name}" for alias in node.names}
            elif node.module and node.level == 0:
                found.add(node.module)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "import_module",
            "__import__",
        }:
            found.add("geo")
    return {
        name
        for name in found
        if (name == "geo" or name.startswith("geo.")) and not (name + ".").startswith("geo.sample.")
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.name)
def test_nothing_of_the_models_is_imported(module: Path) -> None:
    for name in foreign_imports(module.read_text(encoding="utf-8")):
        assert module.name in ALLOWED.get(name, set()), f"{module.name} imports {name}"


@pytest.mark.parametrize(
    "source",
    [
        "from geo.propagation import knife_edge",
        "import geo.calibration",
        "from geo import fusion",
        "from ..propagation import kernels",
        "import importlib\nimportlib.import_module('geo.propagation')",
        "def f():\n    from geo.propagation.kernels import x",
    ],
)
def test_the_check_sees_an_import_of_a_model(source: str) -> None:
    assert foreign_imports(source)


def test_the_check_lets_its_own_package_pass() -> None:
    assert (
        foreign_imports("from geo.sample.frame import Lattice\nimport numpy as np\nfrom . import x") == set()
    )


def test_the_truth_itself_imports_only_the_generator() -> None:
    for name in ("truth.py", "diffraction.py", "scores.py", "terrain.py", "network.py"):
        assert foreign_imports((SAMPLE / name).read_text(encoding="utf-8")) == set()
