"""The same face and seed, the next dress: a new study from an old one in which one LoRA is another file.

No image of the old study is valid with another LoRA. Its trials still teach how the other LoRAs show and what they spoil at the
same seeds: `search.learn` in the new study file names the old study.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.base.textual_inversion import is_named
from models.errors import InputError
from models.io.files import write_whole
from models.io.images import list_photos
from models.language.translate import phrase
from models.lora.layout import inversion_words
from models.lora_kinds import LoraKind
from studies.derive.left_words import left_words
from studies.derive.new_folder import check_new_folder
from studies.derive.replacement import check_replacement
from studies.derive.server_swap import with_server_lora
from studies.derive.study_yaml import moved, path_from, section, with_values
from studies.drawing.section import ServerDraw
from studies.project.folder import named_from, names_start
from studies.prompts import trigger_of
from studies.references.photos import is_training_set, prepared_kind
from studies.run.scouting import LOCKED, locked_seeds
from studies.spec import read_spec
from studies.study import Study
from studies.workspace import Workspace


def parse_swap(text: str, study: Study) -> tuple[str, Path]:
    """`dress=other.safetensors` as the name of a searched LoRA and a file: an existing one, or one that the server has.
    Raises InputError."""
    name, equals, file = text.partition("=")
    if not equals or not file:
        raise InputError(phrase("not a swap: {words}", words=text), "swap", "write it as dress=other.safetensors")
    if name not in study.spec.searched():
        searched = ", ".join(study.spec.searched())
        raise InputError(
            phrase("no LoRA called {name} is searched here", name=name),
            study.spec.name,
            phrase("name one of {searched}", searched=searched),
        )
    path = Path(file).expanduser()
    if not path.exists() and not isinstance(study.spec.draw, ServerDraw):
        raise InputError("no such file", path, "name a LoRA file")
    return name, path


@dataclass(frozen=True)
class Change:
    """Another file for the LoRA `name` of a study."""

    name: str
    file: Path
    references: Path | None = None
    """Photos of what the new LoRA shows; by default a folder next to the old photos that is named like the file."""
    trigger: str | None = None
    """Its trigger word, unless its file names it."""


def swap_lora(
    study: Study,
    text: str,
    name: str,
    file: Path,
    folder: Path,
    *,
    references: Path | None,
    trigger: str | None,
    report: Callable[[str], None] = lambda line: None,
) -> Study:
    """As `swap_loras`, of one."""
    return swap_loras(study, text, [Change(name, file, references, trigger)], folder, report=report)


def swap_loras(
    study: Study, text: str, changes: Sequence[Change], folder: Path, *, report: Callable[[str], None] = lambda line: None
) -> Study:
    """Writes the study file `text` with other files for some LoRAs into `folder`, with the same seeds locked.

    A LoRA that had no photos needs none now. Where both have a trigger word, the new one takes the old one's place in the prompt.
    `report` is called with what was not checked. Raises InputError, and writes nothing, if a file is no LoRA for the study's base
    or one that the study has, a file or a name is given twice, photos are missing, no seed is locked, or the folder is not empty.
    """
    check_new_folder(folder, "--to DIR")
    seeds = locked_seeds(study)
    if not seeds:
        raise InputError("no seed is locked", study.spec.name, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    _check_once(study, changes)
    start, prompt = names_start(folder), study.spec.prompt
    swapped = moved(text, study.root, start, folder.name)
    for change in changes:
        swapped, prompt = _changed(study, change, swapped, prompt, start, report)
    if prompt != study.spec.prompt:
        # The file names it then, also where it left it to a workflow.
        swapped = with_values(swapped, (), {"prompt": prompt})
    swapped = _with_learn(swapped, path_from(start, study.folder))
    study_file = folder / "study.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(folder / "workspace").make()
    workspace.write(LOCKED, seeds)
    # Last: a study file means that the study is complete.
    write_whole(study_file, swapped.encode())
    return Study(read_spec(study_file), start, workspace, folder=folder)


def _check_once(study: Study, changes: Sequence[Change]) -> None:
    """Raises InputError for a LoRA that is changed twice, and a file that is to be two of them."""
    names, files = [change.name for change in changes], [change.file.resolve() for change in changes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(phrase("{name} is changed twice", name=twice), study.spec.name, "name one file for it")
    same = next((file for file in files if files.count(file) > 1), None)
    if same is not None:
        raise InputError("one file cannot be two LoRAs of a study", same, "name another file")


def _changed(study: Study, change: Change, text: str, prompt: str, start: Path, report: Callable[[str], None]) -> tuple[str, str]:
    """The study file and the prompt with one LoRA's file, photos and trigger word changed. Raises InputError as `swap_loras`."""
    name, file = change.name, change.file
    new, note = _checked(study, name, file, change.trigger)
    if note is not None:
        report(phrase("note: {note}", note=note))
    photos = change.references or _default_photos(study, name, file)
    if photos is not None:
        _check_photos(photos, study.spec.loras[name].kind)
    old = study.triggers.get(name)
    for line in _prompt_notes(study, name, old, new):
        report(phrase("note: {line}", line=line))
    values: dict[str, Any] = {"file": named_from(start, file) if file.exists() else file.as_posix()}
    if photos is not None:
        values["references"] = path_from(start, photos)
    if study.spec.loras[name].trigger is not None:
        values["trigger"] = new or None
    text = with_server_lora(with_values(text, ("loras", name), values), study, name, file.name)
    return text, (_trigger(old).sub(lambda _: new, prompt) if old and new else prompt)


def _checked(study: Study, name: str, file: Path, trigger: str | None) -> tuple[str | None, str | None]:
    """The new LoRA's trigger word, and what was not checked. Raises InputError as `check_replacement` does."""
    if not file.exists():
        return trigger, phrase("{file} is not on this machine: whether the server has it shows when it draws", file=file)
    layout, note = check_replacement(study, name, file)
    return trigger_of(trigger, layout.metadata), note


def _default_photos(study: Study, name: str, file: Path) -> Path | None:
    old = study.spec.loras[name].references
    return None if old is None else study.path(old).parent / file.stem


def _check_photos(photos: Path, kind: LoraKind) -> None:
    """Raises InputError for a folder that is missing or holds no photo, or that `huanhua prepare` made for another kind."""
    if not photos.is_dir():
        raise InputError("no photos of what the new LoRA shows", photos, "name their folder: --references DIR")
    if not is_training_set(photos):
        list_photos(photos)
    prepared = prepared_kind(photos)
    if prepared not in (None, kind):
        raise InputError(
            phrase("the photos were prepared for {prepared}, and the LoRA is {kind}", prepared=prepared, kind=kind),
            photos,
            phrase("swap in a LoRA of {kind}", kind=kind),
        )


def _prompt_notes(study: Study, name: str, old: str | None, new: str | None) -> Iterator[str]:
    """What the new study's prompt still says of the old LoRA, or does not say of the new one."""
    prompt = study.spec.prompt
    if old and not new:
        yield phrase(
            "the new LoRA names no trigger word, so that the prompt keeps {old}: name it by --trigger, or mend the prompt",
            old=old[:60],
        )
    elif new and not (old and _trigger(old).search(prompt)):
        yield phrase("the prompt has no trigger word that {new} could take the place of: add it there", new=new[:60])
    words = [word for word in inversion_words(study.path(study.spec.loras[name].last)) if is_named(word, [prompt])]
    if words:
        yield phrase(
            "the prompt keeps {words}, a textual inversion in the old LoRA's file: take it out", words=", ".join(words)[:60]
        )
    left = left_words(prompt, study.spec.loras[name].kind, [*study.triggers.values(), *words])
    if left:
        quoted = ", ".join(f"'{tag[:60]}'" for tag in left[:4])
        yield phrase("the prompt keeps {quoted}: mend it there if the new LoRA shows another", quoted=quoted)


def _trigger(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _with_learn(text: str, old: str) -> str:
    """With `search.learn` naming the old study in place of what it named."""
    if "search" not in section(text, ()):
        text = f"{text.rstrip()}\nsearch: {{}}\n"
    return with_values(text, ("search",), {"learn": [old]})
