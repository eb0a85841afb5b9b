"""What jobs of a pick's picture are told: words of `huanhua mend` and `huanhua enlarge`, and why either would be refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from models.base.registry import FAMILIES
from models.errors import InputError
from optimizer.render.inpainting.base import check_family
from studies.callback import SilentCallback
from studies.enlarging.job import check_enlargeable, with_picks
from studies.enlarging.settings import Enlarging
from studies.mending.job import check_mendable
from studies.mending.parts import PARTS
from studies.run.stored_results import Stored, stored
from studies.service.advice import on_page

if TYPE_CHECKING:
    from studies.service.beside.bodies import Enlarge, Mend
    from studies.study import Study


def mend_words(study: Study, seed: int, body: Mend) -> list[str]:
    """Raises InputError as `huanhua mend` does, as far as that is known without opening a model."""
    _check_mend(study, stored(study, seed), body.parts)
    return ["--seed", str(seed), "--parts", ",".join(dict.fromkeys(body.parts))]


def enlarge_words(study: Study, seed: int, body: Enlarge) -> list[str]:
    """Raises InputError as `huanhua enlarge` does, as far as that is known without opening a model."""
    _check_enlarge(study, stored(study, seed), Enlarging(body.by, body.redraw))
    return ["--seed", str(seed), "--by", str(body.by), *(["--redraw"] if body.redraw else [])]


def what_can_be_made(study: Study, found: Stored) -> dict[str, Any]:
    """Which parts of a seed's picture can be mended, and whether it can be enlarged, and redrawn then; else why not, in the
    reader's language."""
    return {
        "mendable": [{"part": name, "why": _why(partial(_check_mend, study, found, [name]))} for name in PARTS],
        "enlargeable": {
            "why": _why(lambda: with_picks([found], SilentCallback(), named=True)),
            "redraw": _why(lambda: _check_redraws(study)),
        },
    }


def _why(check: Callable[[], object]) -> str | None:
    try:
        check()
    except InputError as error:
        return on_page(error).translated()
    return None


def _check_mend(study: Study, found: Stored, parts: Sequence[str]) -> None:
    _check_redraws(study)
    check_mendable(study, found, [PARTS[name] for name in parts])


def _check_enlarge(study: Study, found: Stored, settings: Enlarging) -> None:
    if settings.redraw:
        _check_redraws(study)
    check_enlargeable(study, found, settings)


def _check_redraws(study: Study) -> None:
    """Raises InputError for a server that draws, and for a base whose facts say that its pictures are not redrawn."""
    study.backend.inpainter()
    facts = study.base_facts
    check_family(FAMILIES[facts.family], facts.name)
