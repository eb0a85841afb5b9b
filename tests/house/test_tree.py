"""The tree stays readable: no import cycles, small files, folders that can be read at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("huanhua", "models", "trainers", "scorers", "optimizer", "studies", "dashboards")
PACKAGES = (*PRODUCT, "benchmarks")
LINES = 300
FILES = 15
LARGE_FOLDERS = {
    "scorers/score": "one file a score, and what they share",
    "studies/cli": "one file a verb",
    "studies/paperdoll/world": "one file a thing that the lab draws",
}
"""Folders with more files at one level, and why."""


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_import_cycles() -> None:
    """Between modules of all packages, imports under TYPE_CHECKING counted; import-linter holds the layers."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert list(cycles(imports)) == []


def cycles(imports: Mapping[str, Set[str]]) -> Iterator[list[str]]:
    """Strongly connected components of more than one module (Tarjan 1972)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for imported in sorted(imports[module]):
            if imported not in index:
                yield from visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in stack:
                lowest[module] = min(lowest[module], index[imported])
        if lowest[module] == index[module]:
            at = stack.index(module)
            component = sorted(stack[at:])
            del stack[at:]
            if len(component) > 1:
                yield component

    for module in sorted(imports):
        if module not in index:
            yield from visit(module)


def test_a_cycle_is_found() -> None:
    imports: dict[str, set[str]] = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert sorted(cycles(imports)) == [["a", "b", "c"], ["d", "e"]]


def test_files_are_short() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {name: count for name, count in lines.items() if count > LINES} == {}


def test_folders_are_small() -> None:
    counted = Counter(str(path.parent.relative_to(ROOT)) for path in sources() if path.name != "__init__.py")
    assert {folder for folder, count in counted.items() if count > FILES} == set(LARGE_FOLDERS)


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "benchmarks"])
def test_every_folder_is_a_package(package: str) -> None:
    """setuptools and mypy find what has an __init__.py."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
