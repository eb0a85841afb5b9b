"""Writes the pick for other tools: as A1111's text or PNG, a ComfyUI workflow, a diffusers script, one combined LoRA."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.files import write_whole
from models.io.images import open_drawn, read_drawn
from models.language.translate import phrase
from optimizer.point import Job, Point
from studies.control.words import controls_at
from studies.drawing.comfyui import ComfyuiDraw
from studies.export.foreign_files import ForeignFiles, foreign_files, with_converted
from studies.export.infotext import point_infotext, weights_at
from studies.export.limits.targets import Target, check_expressible
from studies.picture_settings.infotext import write
from studies.picture_settings.settings import PictureSettings
from studies.run.outcome import Outcome
from studies.run.verdicts.enlarging import large_words
from studies.run.verdicts.mending import mended_words
from studies.schedules.words import words_at
from studies.study import Study

if TYPE_CHECKING:
    from models.vision.upscaler import Upscaler
    from studies.export.comfyui_graph import Graph

SHA256: Final = re.compile(r"[0-9a-f]{64}")
OTHER_MEANING: Final = "the study draws as ComfyUI does (render.like): A1111 draws another picture from these settings"
OTHER_REGIONS: Final = "the LoRAs act in regions: A1111 draws another picture from these settings, all LoRAs everywhere"
OTHER_CONTROL: Final = "ControlNets act on the picture: A1111 draws another one from these settings, without them"
OTHER_STEPS: Final = "LoRAs act in some of the steps only: A1111 draws another picture from these settings, all in all steps"
MENDED_ELSEWHERE: Final = "the pick was mended, and this draws it as it was: the mended picture is in --to png"


@dataclass(frozen=True)
class Exported:
    """What an export wrote."""

    paths: tuple[Path, ...]
    """The files; the one to use first."""
    notes: tuple[str, ...] = ()
    """Lines for a person: how to use them, and what differs in the other tool."""


def export_to(study: Study, outcome: Outcome, to: Target, upscaler: Upscaler | None = None) -> Exported:
    """Writes the pick for another tool into the workspace's `exports`, each file whole or not at all.

    `upscaler` enlarges the PNG. Raises InputError if there is no pick at this seed, and for what the tool cannot do.
    """
    if outcome.pick is None:
        raise InputError(
            "there is no pick",
            phrase("seed {seed}", seed=outcome.seed),
            "run the seed first, or see `huanhua show STUDY` for what blocks it",
        )
    check_expressible(study, outcome.pick, to)
    folder, name = study.workspace.exports, f"seed-{outcome.seed}"
    if to == "png":
        beside = _beside(outcome)  # read before anything is written
        return _with_beside(beside, folder / name, _picture(study, outcome, folder, upscaler))
    done = _settings(study, outcome, to, folder, name)
    if outcome.mended is None or to == "comfyui":
        return done
    return replace(done, notes=(*done.notes, phrase(MENDED_ELSEWHERE)))


def _settings(study: Study, outcome: Outcome, to: Target, folder: Path, name: str) -> Exported:
    """What draws the pick again elsewhere."""
    assert outcome.pick is not None
    if to == "comfyui":
        ui, api = folder / f"{name}.comfyui.json", folder / f"{name}.comfyui-api.json"
        write_graphs = _own_workflow if isinstance(study.spec.draw, ComfyuiDraw) else _workflow
        return write_graphs(study, outcome, ui, api)
    if to == "lora":
        return _lora(study, outcome, folder / f"{study.spec.name}-{name}.safetensors")
    if to == "diffusers":
        return _script(study, outcome, folder / f"{name}.py")
    path, files = folder / f"{name}.txt", foreign_files(study, outcome.pick.point, "A1111", folder)
    write_whole(path, (write(with_converted(study, outcome.pick.point, pick_infotext(study, outcome), files)) + "\n").encode())
    return Exported((path, *files.paths), (*_payload_note(study, outcome.pick.point), *files.notes))


def _beside(outcome: Outcome) -> list[tuple[str, bytes, str]]:
    """The mended and the large picture, each with its own settings inside, and words of each."""
    mended, large = outcome.mended, outcome.large
    found = [] if mended is None else [("mended", read_drawn(mended.image), mended_words(mended))]
    return found if large is None else [*found, ("large", read_drawn(large.image), large_words(large))]


def _with_beside(beside: list[tuple[str, bytes, str]], stem: Path, done: Exported) -> Exported:
    paths, notes = [], []
    for kind, content, words in beside:
        path = stem.with_name(f"{stem.name}-{kind}.png")
        write_whole(path, content)
        paths.append(path)
        notes.append(phrase("{name}: {what}", name=path.name, what=words))
    return Exported((done.paths[0], *paths, *done.paths[1:]), (*done.notes, *notes))


def _payload_note(study: Study, point: Point) -> tuple[str, ...]:
    files = [
        phrase("what {file} sets is not in it", file=file) for key, file in study.spec.draw.files().items() if key == "payload"
    ]
    files += [phrase(OTHER_REGIONS)] if study.regions is not None else []
    files += [phrase(OTHER_STEPS)] if words_at(study.spec, point) else []
    files += [phrase(OTHER_CONTROL)] if controls_at(study.spec, point) else []
    return (*files, phrase(OTHER_MEANING)) if study.spec.render.like == "comfyui" else tuple(files)


def pick_infotext(study: Study, outcome: Outcome) -> PictureSettings:
    """Prompt, LoRA weights, seed and settings of the pick. `outcome.pick` must not be None."""
    assert outcome.pick is not None
    point = outcome.pick.point
    weights = weights_at(study, point)
    info = point_infotext(study, Job(outcome.seed, point), weights, {**_inversions(study, point.prompt), **_vae(study)})
    # A1111 hashes checkpoints that are files; a folder has no hash that it would know.
    hashed = study.path(study.spec.base.checkpoint).is_file() or bool(SHA256.fullmatch(study.base_facts.hash))
    folder = study.path(study.spec.base.checkpoint).is_dir()
    return info if hashed and not folder else replace(info, model_hash=None)


def _inversions(study: Study, prompt: str) -> dict[str, str]:
    """Hashes of the textual inversions that the prompts name: SHA-256 of the file, 12 digits, as A1111 computes them."""
    from models.io.hashing import hash_path

    text, found = f"{prompt or study.spec.prompt} {study.spec.negative_prompt}".lower(), []
    for file in study.spec.embeddings:
        stem = Path(file).stem
        # A server has its own, under the same names.
        if not study.path(file).is_file():
            continue
        if re.search(rf"(?<!\w){re.escape(stem.lower())}(?!\w)", text):
            found.append(f"{stem}: {hash_path(study.path(file))[:12]}")
    return {"TI hashes": ", ".join(found)} if found else {}


def _vae(study: Study) -> dict[str, str]:
    from models.io.hashing import hash_path

    if not study.spec.base.vae or not study.path(study.spec.base.vae).is_file():
        return {}
    path = study.path(study.spec.base.vae)
    return {"VAE hash": hash_path(path)[:10], "VAE": path.name}


def _picture(study: Study, outcome: Outcome, folder: Path, upscaler: Upscaler | None) -> Exported:
    from studies.export.picture import png_bytes

    assert outcome.pick is not None
    name, image = f"seed-{outcome.seed}", open_drawn(outcome.record(outcome.pick).image)
    files = foreign_files(study, outcome.pick.point, "A1111", folder)
    texts = _texts(study, outcome, upscaler, files)
    if upscaler is None:
        path = folder / f"{name}.png"
        write_whole(path, png_bytes(image, texts))
        return Exported((path, *files.paths), (*_payload_note(study, outcome.pick.point), *files.notes))
    large = upscaler.enlarge(image)
    path = folder / f"{name}-x{upscaler.scale}.png"
    write_whole(path, png_bytes(large, texts))
    enlarged = phrase(
        "{width}x{height} enlarged by {name} to {width_2}x{height_2}",
        width=image.width,
        height=image.height,
        name=upscaler.name,
        width_2=large.width,
        height_2=large.height,
    )
    return Exported((path, *files.paths), (enlarged, *files.notes))


def _texts(study: Study, outcome: Outcome, upscaler: Upscaler | None, files: ForeignFiles) -> dict[str, str]:
    """The text chunks of the pick's PNG: A1111's "parameters", or ComfyUI's "prompt" and "workflow"."""
    from studies.export.picture import with_upscaler

    assert outcome.pick is not None
    if not isinstance(study.spec.draw, ComfyuiDraw):
        info = with_converted(study, outcome.pick.point, pick_infotext(study, outcome), files)
        return {"parameters": write(info if upscaler is None else with_upscaler(info, upscaler))}
    from studies.export.own_workflow import own_workflow

    api, page, left = own_workflow(study, Job(outcome.seed, outcome.pick.point))
    return {"prompt": json.dumps(api), **({"workflow": json.dumps(page)} if page is not None and not left else {})}


def _own_workflow(study: Study, outcome: Outcome, ui: Path, api: Path) -> Exported:
    from studies.export.own_workflow import own_workflow

    assert outcome.pick is not None
    filled, page, left = own_workflow(study, Job(outcome.seed, outcome.pick.point))
    write_whole(api, json.dumps(filled, indent=1, ensure_ascii=False).encode())
    if page is None:
        return Exported(
            (api,),
            (
                phrase(
                    "your workflow with the pick's values; {name} opens in ComfyUI and is for its server's /prompt", name=api.name
                ),
            ),
        )
    if left:
        note = phrase("the page's own graph is not written: it is not told where it keeps {left}", left=", ".join(left[:6]))
        return Exported((api,), (note,))
    write_whole(ui, json.dumps(page, indent=1, ensure_ascii=False).encode())
    return Exported((ui, api), (phrase("your workflow with the pick's values: drag {name} into ComfyUI", name=ui.name),))


def _workflow(study: Study, outcome: Outcome, ui: Path, api: Path) -> Exported:
    from studies.export.comfyui import comfyui_graph

    assert outcome.pick is not None
    files = foreign_files(study, outcome.pick.point, "ComfyUI", ui.parent)
    graph = comfyui_graph(study, outcome, files)
    pictures = _written(graph, ui, api)
    use = phrase("drag {file} into ComfyUI; {api} is for its server's /prompt", file=ui.name, api=api.name)
    done = Exported((ui, api, *pictures, *files.paths), (use, *graph.paragraphs))
    return done if outcome.mended is None else _with_mend(study, outcome, files, done)


def _with_mend(study: Study, outcome: Outcome, files: ForeignFiles, done: Exported) -> Exported:
    """What draws the mended picture again beside what draws the pick."""
    from studies.export.mended.comfyui_mend import mended_graph

    graph, folder = mended_graph(study, outcome, files), done.paths[0].parent
    ui, api = (folder / f"seed-{outcome.seed}-mended.{form}.json" for form in ("comfyui", "comfyui-api"))
    pictures = _written(graph, ui, api)
    own = [phrase("{name}: {what}", name=ui.name, what=what) for what in graph.paragraphs if what not in done.notes]
    return Exported((*done.paths, ui, api, *pictures), (*done.notes, *own))


def _written(graph: Graph, ui: Path, api: Path) -> list[Path]:
    """Both forms of a graph, and beside them the pictures that it opens: these are returned."""
    pictures = {ui.parent / name: content for name, content in graph.pictures.items()}
    forms = {
        path: json.dumps(form, indent=1, ensure_ascii=False).encode() for path, form in ((ui, graph.ui()), (api, graph.api()))
    }
    for path, content in {**pictures, **forms}.items():
        write_whole(path, content)
    return list(pictures)


def _script(study: Study, outcome: Outcome, path: Path) -> Exported:
    from studies.export.diffusers_script import diffusers_script

    assert outcome.pick is not None
    files = foreign_files(study, outcome.pick.point, "diffusers", path.parent)
    write_whole(path, diffusers_script(study, outcome, path.name, files).encode())
    return Exported((path, *files.paths), files.notes)


def _lora(study: Study, outcome: Outcome, path: Path) -> Exported:
    from studies.export.lora import write_pick_lora

    return Exported((path,), tuple(write_pick_lora(study, outcome, path)))
