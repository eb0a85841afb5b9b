"""The documents name what exists: files, links, modules of benchmarks; their pictures are small."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "benchmarks/scores/labelled/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
PACKAGES = "huanhua|models|trainers|scorers|optimizer|studies|dashboards|benchmarks|tests|docs"
PICTURE_BYTES = 300_000

OTHER_NAMES = {"scorers.device", "scorers.hands", "scorers.hands.pose", "huanhua.lora_sha256", "huanhua.scorers"}
"""Keys of study.yaml, tags and entry points that read like modules."""
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("name", NAMES)
def test_named_files_exist(name: str) -> None:
    """Paths from the root that stand in text: files of the packages, and folders with a slash at their end."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(rf"(?<![\w./:-])((?:{PACKAGES})/[\w./-]*(?:\.(?:py|md|json|yaml|csv|js|webp|png)|/))(?![\w*])", text)
    examples = re.findall(r"```python\n# (\S+)\n", text)
    assert [path for path in named if path not in examples and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_named_modules_exist(name: str) -> None:
    """Modules that stand in code: `python -m benchmarks.scores`, `models.lora.file.open_lora`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(rf"(?:`|python -m )((?:{PACKAGES})(?:\.\w+)+)", text)
    assert [path for path in named if path not in OTHER_NAMES and not is_there(path)] == []


def is_there(path: str) -> bool:
    """Whether a dotted path is a module, or a name within one."""
    parts = path.split(".")
    if ROOT.joinpath(*parts).exists() or ROOT.joinpath(*parts).with_suffix(".py").exists():
        return find_spec(path) is not None
    file = ROOT.joinpath(*parts[:-1]).with_suffix(".py")
    file = file if file.exists() else ROOT.joinpath(*parts[:-1], "__init__.py")
    return file.exists() and re.search(rf"\b{parts[-1]}\b", file.read_text(encoding="utf-8")) is not None


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs/images").iterdir()}
    assert {name: size for name, size in sizes.items() if size > PICTURE_BYTES} == {}


def test_pictures_are_used() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [path.name for path in (ROOT / "docs/images").iterdir() if path.name not in shown] == []
