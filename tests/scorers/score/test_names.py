"""Only scorers name the scores of the whole image; everyone else iterates over them, so that a new one is shown everywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scorers.score.objectives import OBJECTIVES
from scorers.score.registry import SCORES

ROOT: Final = Path(__file__).parents[3]
PRODUCT: Final = ("dashboards", "huanhua", "optimizer", "studies", "trainers")
ALLOWED: Final = (
    "studies/search/section.py",  # keys of study.yaml
    "studies/scorer_spec.py",  # its section `scorers.hands`, as the four below
    "studies/control/",
    "studies/observers/opening.py",
    "studies/doctor/",
    "studies/derive/",
    "studies/paperdoll/",  # the lab's own truth: what it draws
    "studies/lora_report/",  # a page about what LoRAs do to hands, whatever is required of an image
    "studies/report/lora/",  # its words
    "studies/service/rest/guard.py",  # the body of a request
    "studies/service/rest/bodies.py",  # parts that a client asks to mend
    "studies/service/rest/routes/photos.py",  # likewise
    "studies/regions/figure.py",  # a part of the figure, as parsers group them
    "studies/mending/",  # likewise: what of the figure a person asks to mend
    "studies/run/mended/",
    "studies/run/beside/",  # whatever is required, a picture that is kept beside another may not drift from it
    "studies/cli/enlarge.py",  # which is told there
    "studies/report/sheets/large.py",  # parts of the figure, shown nearer
    "studies/run/verdicts/mending.py",
    "studies/cli/mend.py",
    "dashboards/lookbook/document.py",  # and that of a page
    "studies/testing/",  # studies and worlds of fakes
    "optimizer/testing/",  # stored landscapes, whose arrays have these names
)
NAMES: Final = frozenset(score.name for score in SCORES)
TEXT: Final = re.compile(rf"^\W*(broken )?({'|'.join(NAMES)})\b")


def test_no_other_file_names_a_score() -> None:
    found = [f"{path}:{line}" for path in product_files() for line in named_in(ROOT / path)]
    assert found == []


def test_the_rule_sees_names() -> None:
    assert list(named_in(ROOT / "studies/search/section.py"))


def test_objectives_are_of_kinds_or_scores() -> None:
    assert {objective.measure for objective in OBJECTIVES} <= {"garment", "face", *NAMES}


def product_files() -> list[str]:
    paths = [path.relative_to(ROOT).as_posix() for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in paths if not path.startswith(ALLOWED)]


def named_in(path: Path) -> Iterator[int]:
    """Lines that name a score as a text that begins with it, an attribute or a keyword argument. Docstrings may."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            if TEXT.match(node.value):
                yield node.lineno
        elif (isinstance(node, ast.Attribute) and node.attr in NAMES) or (isinstance(node, ast.keyword) and node.arg in NAMES):
            yield node.lineno
