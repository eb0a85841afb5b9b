"""What opening a study's models told about them, kept in the workspace: later questions need not open them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from models.lora.file import TRIGGER_KEY
from optimizer.render.diffusers_renderer import NUMERICAL_PATH

if TYPE_CHECKING:
    from studies.study import Study
from studies.file_hashes import stamps

OPENED = "opened"
FORMAT: Final = 1


@dataclass(frozen=True)
class BaseFacts:
    """As the same fields of `models.base.opening.Base`."""

    name: str
    hash: str
    is_xl: bool
    schedule: dict[str, Any]


@dataclass(frozen=True)
class LoraFacts:
    """As the same fields of `models.lora.file.LoraFile`; of the metadata only what names the trigger word."""

    hash: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class OpenedFacts:
    """`identity` is what the renderer said decides its images."""

    base: BaseFacts
    loras: Mapping[str, LoraFacts]
    identity: Mapping[str, Any]


def store_facts(study: Study, identity: Mapping[str, Any]) -> OpenedFacts:
    """Stores what the opened base, LoRAs and renderer are, beside what they were opened from."""
    known = OpenedFacts(
        BaseFacts(study.base.name, study.base.hash, study.base.is_xl, study.base.schedule),
        {name: LoraFacts(file.hash, _trigger(file.metadata)) for name, file in study.loras.items()},
        identity,
    )
    study.workspace.write(OPENED, {"from": _source(study), **asdict(known)})
    return known


def stored_facts(study: Study) -> OpenedFacts | None:
    """What was stored, unless the study file or one of the files that it names has changed since."""
    held = study.workspace.read(OPENED)
    if held is None or held["from"] != _source(study):
        return None
    loras = {name: LoraFacts(**facts) for name, facts in held["loras"].items()}
    return OpenedFacts(BaseFacts(**held["base"]), loras, held["identity"])


def _trigger(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key == TRIGGER_KEY}


def _source(study: Study) -> dict[str, Any]:
    """All that decides what the renderer is: the study's words, and sizes and times of the files that they name."""
    spec = study.spec
    files = [spec.base.checkpoint, *([spec.base.vae] if spec.base.vae else []), *spec.embeddings]
    files += [lora.file for lora in spec.loras.values()]
    return {
        "format": FORMAT,
        "path": NUMERICAL_PATH,
        "frame": asdict(study.frame),
        "base": spec.base.model_dump(mode="json"),
        "loras": {name: [lora.file, lora.fixed] for name, lora in spec.loras.items()},
        "device": spec.render.device,
        "compile": spec.render.compile,
        "files": {name: list(stamps(study.path(name))) for name in files},
    }
