"""`import huanhua`: its exported names, typed and light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import huanhua
from tests.house.test_imports import HEAVY

ROOT = Path(__file__).parents[2]
PACKAGES = ("huanhua", "models", "trainers", "scorers", "optimizer", "studies", "dashboards")
EXPORTED = [
    "Axis",
    "InputError",
    "LeastWeightSampler",
    "Outcome",
    "Point",
    "PrepareSettings",
    "RunCallback",
    "SilentCallback",
    "Space",
    "Study",
    "TrainRequest",
    "open_base",
    "open_lora",
    "open_study",
    "prepare_photos",
    "run_study",
    "score",
    "scout_study",
    "train_lora",
    "train_request",
]


def test_exported_names() -> None:
    """A name that goes or comes is a change for users: CHANGELOG and docs/api.md name it."""
    assert huanhua.__all__ == EXPORTED
    assert set(EXPORTED) <= set(dir(huanhua))
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert [name for name in EXPORTED if f"`{name}" not in page] == []


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_names_are_documented(name: str) -> None:
    assert getattr(huanhua, name).__doc__


def test_type_checkers_see_what_is_imported() -> None:
    tree = ast.parse((ROOT / "huanhua/__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {alias.name: node.module for node in imports for alias in node.names} == huanhua._MODULES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(huanhua, "nothing")  # noqa: B009


@pytest.mark.parametrize("module", ["huanhua", "huanhua.__main__"])
def test_import_loads_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_module_is_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "huanhua", "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("huanhua ")


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    """PEP 561: type checkers of users read the annotations."""
    assert (ROOT / package / "py.typed").exists()
