"""What a searched LoRA is compared with: photos, or, where none are named, its own look.

Its own look is the preview picture beside its file, as A1111 and Civitai's helpers name it, or else a few images of the LoRA
alone at full weight. Scores against it say how much of the LoRA's own look shows, not how like photos an image is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from models.errors import InputError
from models.files import write_whole
from models.images import open_photo
from optimizer.point import Job, Point
from scorers.observation import Box
from studies.known import known_hash
from studies.references import boxes_in, named_photos

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.building import Study

Source = Literal["photos", "preview", "close-ups"]
PREVIEWS: Final = (
    *(".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp"),
    *(".png", ".jpg", ".jpeg", ".webp"),
)
"""What takes the place of .safetensors in the name of a preview, the likelier first."""
SEEDS: Final = (1414213562, 1618033988, 2718281828, 3141592653)
"""Of close-ups; no seed that a person locks, whose ladder would then be compared with itself."""
FULL: Final = 1.0
"""The weight of close-ups."""
OWN_LOOK: Final = "scores say how much of the LoRA's own look shows, not likeness to photos"
WORDS: Final[Mapping[Source, str]] = {
    "photos": "photos",
    "preview": "no photos, its preview picture",
    "close-ups": f"no photos and no preview picture, {len(SEEDS)} images of it alone at full weight",
}
FOLDER: Final = "close-ups"


def sources_of(study: Study) -> dict[str, Source]:
    """What each searched LoRA is compared with. Opens no file."""
    return {name: source_of(study, name) for name in study.spec.searched()}


def source_of(study: Study, name: str) -> Source:
    section = study.spec.loras[name]
    if section.references is not None:
        return "photos"
    return "close-ups" if preview_of(study.path(section.file)) is None else "preview"


def preview_of(lora: Path) -> Path | None:
    """The preview picture beside a LoRA file, None if there is none."""
    places = (lora.with_name(lora.stem + suffix) for suffix in PREVIEWS)
    return next((place for place in places if place.is_file()), None)


def words_of(sources: Mapping[str, Source]) -> dict[str, str]:
    """One phrase for each LoRA that is not compared with photos."""
    return {name: f"{WORDS[source]}: {OWN_LOOK}" for name, source in sources.items() if source != "photos"}


@dataclass(frozen=True)
class Look:
    """`content` is what decides the references, as a hash or a name; `pictures` opens their files and RGB pictures, and `boxes`
    tells in shares where the thing is in each, None where that is not known."""

    content: str
    pictures: Callable[[], list[tuple[Path, Image]]]
    boxes: Callable[[], list[Box] | None] = lambda: None


def look_of(study: Study, name: str) -> Look:
    """What a searched LoRA is compared with.

    Raises InputError if the folder of photos is not there, or the close-ups are needed and not drawn yet.
    """
    section = study.spec.loras[name]
    if section.references is not None:
        folder = study.path(section.references)
        if not folder.is_dir():
            raise InputError("no such folder of reference photos", folder, f"mend loras.{name}.references")
        return Look(known_hash(study.workspace, folder), lambda: named_photos(folder), lambda: boxes_in(folder))
    preview = preview_of(study.path(section.file))
    files = [preview] if preview is not None else _close_ups(study, name)
    content = " ".join(known_hash(study.workspace, file) if preview is not None else file.name for file in files)
    return Look(content, lambda: [(file, open_photo(file)) for file in files])


def draw_close_ups(study: Study, drawn: Callable[[], None]) -> None:
    """Draws those that are needed and were not drawn before. `drawn` is called after each image.

    They are kept apart from the cache of images, which may let them go: what is compared with must stay the same.
    """
    lacking = close_ups_lacking(study)
    if not lacking:
        return
    (study.workspace.root / FOLDER).mkdir(exist_ok=True)
    for job, evaluation in zip(lacking, study.evaluator.evaluate_all(lacking), strict=True):
        if not evaluation.observation.failed:
            write_whole(_kept(study, job), evaluation.image.read_bytes())
        drawn()


def close_ups_lacking(study: Study) -> list[Job]:
    """The close-ups that are needed and not kept yet."""
    needed = [name for name, source in sources_of(study).items() if source == "close-ups"]
    return [job for name in needed for job in _jobs_of(study, name) if not _kept(study, job).exists()]


def _jobs_of(study: Study, name: str) -> list[Job]:
    alone = Point({name: FULL}, study.spec.render.cfg, study.plain_prompt(keep=name))
    return [Job(seed, alone) for seed in SEEDS]


def _kept(study: Study, job: Job) -> Path:
    """Its name holds all that decides the image: the base's and the LoRA's hash among it."""
    return study.workspace.root / FOLDER / study.evaluator.place(job).name


def _close_ups(study: Study, name: str) -> list[Path]:
    found = [place for job in _jobs_of(study, name) if (place := _kept(study, job)).is_file()]
    if not found:
        what = f"{name} has no reference photos, no preview picture, and no image of it alone is drawn yet"
        mend = f"run `huanhua run STUDY`, which draws them, or name photos: loras.{name}.references"
        raise InputError(what, study.path(study.spec.loras[name].file), mend)
    return found
