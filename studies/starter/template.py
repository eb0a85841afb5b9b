"""The study.yaml that `huanhua init` writes: commented, or filled in from a picture's settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.catalogue import FREE, real_model
from models.errors import InputError
from studies.picture_settings.lora_tags import format_number
from studies.project.folder import FOLDERS, MARKER, MODELS, STUDIES, absolute, names_start, project_of
from studies.scorer_spec import FROM_POSE, POSE

if TYPE_CHECKING:
    from studies.project.webui.program import Webui
    from studies.starter.from_picture import LoraSettings, StudySettings

HERE: Final = ".   (in this folder)"
HEAD: Final = """\
# A study: which LoRAs to dress the figure in, and what their weights must achieve. Check it with: huanhua validate {check}
{notes}name: {name}
base:
  checkpoint: {checkpoint}   # .safetensors, diffusers folder or hub name; train and use LoRAs on the same base
{vae}{dtype}  clip_skip: {clip_skip}                                  # as A1111 counts
prompt: {prompt}
negative_prompt: {negative}
{embeddings}render:
  width: {width}
  height: {height}
{why}  steps: {steps}
  sampler: "{sampler}"
  cfg: {cfg}
  rng: {rng}                                       # where noise is drawn: gpu, cpu or nv, as A1111's setting "RNG"
{ensd}{draw}"""
LORAS: Final = """\
loras:                                          # name: its file, what it is, photos that show it, where to start
{loras}"""
SEARCH: Final = """\
search:
  trials: 40                                    # images a seed, proof included
  require: {require}            # calibrated: 0 = this seed without the LoRA, 1 = the best it shows alone or at the start
seeds: {seeds}                      # or a list of seeds: [1296893022]
{scorers}"""
SCORERS: Final = """\
scorers:
  garment: {garment}
  face: {{pack: {face}}}   # non-commercial licence; any insightface pack folder can take its place
  hands: {{pose: {pose}}}   # whole-body pose (DWPose, RTMW); or judge: an ONNX for crops of 48 x 48
  parts: {{model: {parts}}}
"""
FREE_SCORERS: Final = """\
scorers:                                        # licences that allow commercial use: huanhua models get --profile free
  garment: {{model: local-dir:{garment}, pretrained: null}}
  face: {{pack: {face}}}
  hands: {{pose: {pose}}}
  parts: {{model: {parts}}}   # no part parser: told from the pose model, see docs/scorers.md
"""
TEMPLATE: Final = HEAD + LORAS + SEARCH
WEBUI: Final = """\
draw:
  with: webui                                   # A1111, Forge, reForge or SD.Next, started with --api
  url: {url}
"""
LIKE: Final = """\
  like: comfyui                                  # {tool} drew the picture: ComfyUI's noise, time steps, emphasis, long prompts
"""
LORA: Final = "  {name}: {{file: {file}, kind: {kind}, references: {references}{trigger}, start: {start}{bounds}}}{comment}\n"
KINDS: Final = "  # kind: clothing is a guess: face, clothing or shoes; what photos cannot show: {kind: other, fixed: 0.5}\n"


def filled_from(
    picture: Path,
    study: Path | None = None,
    loras: Path | None = None,
    webui: str | None = None,
    profile: str | None = None,
    webuis: Sequence[Webui] = (),
) -> str:
    """Prompt, negative, seed, sampler, size, LoRAs and weights from the picture's settings; what a study file cannot express is
    named in comments.

    `study` is the folder of the new study, which names it; `loras` is where to look for the LoRAs' files: by default the folder
    `loras` where the study's names start, if there is one; `webui` is the address of the A1111 that draws the study,
    None for huanhua itself; `profile` names the models that judge; files that are not found there are looked for in `webuis`.
    Raises InputError if there are no settings. What they do not give (what each LoRA is, photos of it) is left to be filled in.
    """
    from studies.picture_settings.reader import read_picture
    from studies.starter.from_picture import settings_from
    from studies.starter.lora_files import with_files
    from studies.starter.webui_files import name_files

    info = read_picture(picture)
    if not info.loras and not info.without_weight:
        raise InputError("the picture's settings name no LoRA", picture, "give a picture that was drawn with LoRAs")
    found = settings_from(info, webui=webui is not None)
    if not found.prompt:
        raise InputError("the picture's prompt is empty", picture, "give a picture that was drawn with a prompt")
    folder = study or picture.parent
    start = names_start(folder)
    found.loras = with_files(found.loras, loras, start, webuis, found.notes)
    name_files(found, start, webuis)
    return _filled(found, study_name(folder, picture.stem), webui, start, profile, check_words(folder))


def check_words(study: Path) -> str:
    """What `huanhua validate` takes for the study in this folder: its name, which works anywhere in its project, or its place."""
    place, project = absolute(study), project_of(study)
    plain = place.name.isprintable() and not place.name.startswith("-") and place.name not in FOLDERS
    named = project is not None and place.parent == project / STUDIES and plain
    return shlex.quote(place.name) if named else HERE


def study_name(folder: Path, other: str = "") -> str:
    """What a new study in `folder` is called: after the folder, or else after `other`."""
    for words in (folder.resolve().name, other):
        name = re.sub(r"[^\w .-]", "-", words).strip(" .-")[:80].rstrip(" .-")
        if name:
            return name
    return "my-study"


def _filled(
    found: StudySettings,
    name: str,
    webui: str | None = None,
    start: Path = Path(),
    profile: str | None = None,
    check: str = HERE,
) -> str:
    embeddings = f"embeddings: [{', '.join(quoted(file) for file in found.embeddings)}]   # or .safetensors\n"
    return TEMPLATE.format(
        check=check,
        notes=comments(found.notes),
        draw="" if webui is None else WEBUI.format(url=webui),
        name=yaml_key(name),
        checkpoint=quoted(_model(found.model)),
        vae=f"  vae: {quoted(_model(found.vae))}\n" if found.vae else "",
        dtype="",
        clip_skip=found.clip_skip,
        embeddings=embeddings if found.embeddings else "",
        rng=found.rng,
        ensd=(f"  ensd: {found.ensd}\n" if found.ensd else "")
        + ("  pad_conds: true\n" if found.pad_conds else "")
        + (LIKE.format(tool=found.like) if found.like else ""),
        width=found.width,
        height=found.height,
        why="",
        steps=found.steps,
        sampler=found.sampler.replace('"', "'"),
        cfg=format_number(found.cfg),
        loras=KINDS + "".join(lora_line(lora) for lora in found.loras),
        require="{" + ", ".join(f"{yaml_key(lora.key)}: 0.7" for lora in found.loras) + "}",
        seeds=seeds_line(found.seed),
        prompt=quoted(found.prompt),
        negative=quoted(found.negative),
        scorers=scorers_text(start, profile),
    )


def _model(name: str) -> str:
    """The place of a file that a picture names: among the models, unless it was found elsewhere."""
    return name if "/" in name else f"{MODELS}/{name}"


def scorers_text(start: Path, profile: str | None = None) -> str:
    """The section `scorers` of a study whose names start at `start`: within a project, and for a profile, the places where
    `huanhua models get` puts what judges images, elsewhere those that are there, and else names of hubs."""
    if profile == FREE:
        garment, face = (real_model(name).folder(Path(MODELS)).as_posix() for name in ("marqo-fashionsiglip", "auraface"))
        return FREE_SCORERS.format(garment=garment, face=face, pose=POSE, parts=FROM_POSE)
    project = profile is not None or (start / MARKER).is_file()

    def place(name: str, hub: str, prefix: str = "") -> str:
        model = real_model(name)
        here = project or model.found(start / MODELS) is not None
        return f"{prefix}{model.folder(Path(MODELS)).as_posix()}" if here else hub

    clip = place("vit-l-14", "", "local-dir:")
    return SCORERS.format(
        garment=f"{{model: {clip}, pretrained: null}}" if clip else "{model: ViT-L-14, pretrained: openai}",
        face=place("buffalo_l", "buffalo_l"),
        pose=POSE,
        parts=place("fashn-human-parser", "fashn-ai/fashn-human-parser"),
    )


def lora_line(lora: LoraSettings) -> str:
    return LORA.format(
        name=yaml_key(lora.key),
        file=quoted(lora.file),
        kind="clothing",
        references=f"data/{lora.key}",
        trigger="",
        start=format_number(lora.start),
        bounds=f", bounds: [0, {format_number(lora.start)}]" if lora.start > 1 else "",
        comment=f"   # {lora.hash}" if lora.hash else "",
    )


def seeds_line(seed: int | None) -> str:
    return "{scout: 16, keep: 2}" if seed is None else f"[{seed}]"


def yaml_key(name: str) -> str:
    """Quoted where YAML would take it for a number or the like."""
    from studies.spec_reading.study_yaml import plain_scalar

    return name if plain_scalar(name) else quoted(name)


def comments(notes: Sequence[str]) -> str:
    """Notes as comments of the study file; nothing where there are none."""
    head = "# Filled in from a file. What this study does not do as the picture does:\n"
    return head + wrapped(notes) if notes else ""


def wrapped(notes: Sequence[str]) -> str:
    """Comment lines, whatever the notes contain."""
    import textwrap

    lines: list[str] = []
    for note in notes:
        lines += textwrap.wrap(_printable(" ".join(note.split())), 124, initial_indent="  ", subsequent_indent="    ")
    return "".join(f"# {line}\n" for line in lines)


def quoted(text: str) -> str:
    """A JSON string, which is YAML too; characters that YAML takes for control characters are escaped."""
    import json

    return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(text, ensure_ascii=False))


def _escaped(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
