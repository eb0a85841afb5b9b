"""A new study of what lies in its project: the base, the LoRAs with their training sets, the models that judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from models.base.registry import family_named
from models.catalogue import FREE, real_model
from models.counted import counted
from models.lora_kinds import LoraKind
from studies.project.bases import FoundBase, bases_in, bases_of, unopened_bases
from studies.project.folder import DATA, LORAS, MODELS, absolute, named_from
from studies.project.loras import STARTS, FoundLora, loras_among, loras_in
from studies.project.training_sets import sets_in
from studies.project.webui.program import Webui
from studies.starter.flow_bases import FLOW_DTYPE, SIZED_AS, flow_settings, plain_words
from studies.starter.from_picture import study_key
from studies.starter.presets import preset_named, size_of
from studies.starter.sampling import sampling_of
from studies.starter.template import HERE, LORA, TEMPLATE, quoted, scorers_text, wrapped, yaml_key

NAMED: Final[tuple[tuple[str, str, LoraKind], ...]] = (
    ("myface", "face", "face"), ("testdress", "dress", "clothing"), ("myshoes", "shoes", "shoes"),
)  # fmt: skip
PLACEHOLDERS: Final = tuple(
    FoundLora(Path(f"loras/{word}.safetensors"), name, kind, "", word, None, None, Path(f"data/{name}"), STARTS[kind], None)
    for word, name, kind in NAMED
)
"""What stands in a study where no LoRA was found."""
MANY: Final = 5
"""How many other bases are named."""
BASE: Final = "models/chilloutmix.safetensors"
_SD15: Final = real_model("sd-v1-5")
FREE_BASE: Final = (_SD15.folder(Path(MODELS)) / _SD15.files[0]).as_posix()
"""Where `huanhua models get sd-v1-5` puts it."""


def found_study(
    start: Path,
    name: str,
    presets: Sequence[str] = (),
    profile: str | None = None,
    webuis: Sequence[Webui] = (),
    check: str = HERE,
    *,
    wear: Sequence[Path] = (),
) -> str:
    """The text of a study whose names start at the folder `start`, of what lies there and, where that lacks a base or a kind of
    LoRA, of what `webuis` have; of the LoRAs only those of `wear`, if it names any. `profile` names the models that judge,
    `check` what `huanhua validate` takes. Raises InputError for presets as `preset_named` does."""
    preset = preset_named(presets)
    there, notes = loras_among(wear, sets_in(start / DATA)) if wear else loras_in(start / LORAS, sets_in(start / DATA))
    bases = bases_in(start / MODELS) or bases_of(webuis)
    base = _base_for(there, bases)
    family = base.family if base is not None else "sd15"
    chosen = [*_chosen(there, family, preset.left_out or (), notes)]
    for webui in () if wear else webuis:
        more = _of_webui(webui, family, [*(preset.left_out or ()), *(lora.kind for lora in chosen)], notes)
        there, chosen = [*there, *more], [*chosen, *more]
    chosen.sort(key=lambda lora: list(STARTS).index(lora.kind))
    notes = [*_base_notes(start, base, bases), *_unopened(start, base, webuis), *notes]
    if not there:
        chosen = [lora for lora in PLACEHOLDERS if lora.kind not in (preset.left_out or ())]
        notes.append("no LoRA was found in loras/: those below are to be trained, or changed")
    keys: list[str] = []
    for lora in chosen:
        keys.append(study_key(lora.name, keys))
    small = base is not None and base.distilled is not None and base.distilled.small
    flow = flow_settings(base) is not None
    sized_as = SIZED_AS if flow else "sd15" if small else family
    width, height = size_of(preset, sized_as, base.side if base is not None else None)
    sampling = sampling_of(preset, base)
    triggers = [lora.trigger for lora in chosen if lora.trigger]
    prompt = ", ".join(["1girl", str(preset.quality), str(preset.framing), *triggers])
    searched = [key for key, lora in zip(keys, chosen, strict=True) if lora.kind != "other"]
    return TEMPLATE.format(
        check=check,
        notes="# " + "Found in the project:\n" + wrapped(notes) if notes else "",
        draw="",
        name=yaml_key(name),
        checkpoint=quoted(_named(base.path, start)) if base is not None else FREE_BASE if profile == FREE else BASE,
        vae="",
        dtype=f"  dtype: {FLOW_DTYPE}                               # as it was published\n" if flow else "",
        clip_skip=preset.clip_skip if family == "sd15" else 1,
        embeddings="",
        rng="gpu",
        ensd="",
        width=width,
        height=height,
        why=wrapped([sampling.why]).replace("#   ", "  # ") if sampling.why else "",
        steps=sampling.steps,
        sampler=sampling.sampler,
        cfg=sampling.cfg,
        loras="".join(_line(key, lora, start) for key, lora in zip(keys, chosen, strict=True)),
        require="{" + ", ".join(f"{yaml_key(key)}: {preset.require}" for key in searched) + "}",
        seeds="{scout: 16, keep: 2}",
        prompt=quoted(plain_words(prompt) if flow else prompt),
        negative=quoted(str(preset.negative)),
        scorers=scorers_text(start, profile),
    )


def _chosen(there: Sequence[FoundLora], family: str, left_out: Sequence[str], notes: list[str]) -> Iterator[FoundLora]:
    """One of each kind for bases of `family`; the others are named in `notes`."""
    taken: set[str] = set()
    for lora in there:
        title = family_named(family).title
        if lora.family not in (None, family):
            notes.append(f"{lora.path.name} was left out: it is for other bases than {title}")
        elif lora.kind in left_out:
            notes.append(f"{lora.path.name} was left out: such pictures do not show {lora.kind}")
        elif lora.kind in taken:
            notes.append(f"{lora.path.name} lies there too ({lora.kind}): huanhua swap puts it in another's place")
        else:
            taken.add(lora.kind)
            yield lora


def _of_webui(webui: Webui, family: str, taken: Sequence[str], notes: list[str]) -> list[FoundLora]:
    """One LoRA of each kind that is not `taken`: the newest of those that tell their kind; what else is there is counted."""
    found, wrong = loras_among([path for _, path in webui.files("LoRA")], ())
    fitting = [lora for lora in found if lora.kind_from and lora.kind not in taken and lora.family in (None, family)]
    chosen = [*_chosen(fitting, family, (), [])]
    others = len(found) - len(chosen)
    if wrong:
        more = f"; and {len(wrong) - MANY} more" if len(wrong) > MANY else ""
        notes.append(f"LoRAs of {webui.folder}: {'; '.join(wrong[:MANY])}{more}")
    if others:
        notes.append(f"{webui.folder} has {counted(others, 'other LoRA')}: `huanhua models list` names them")
    return chosen


def _base_for(loras: Sequence[FoundLora], bases: Sequence[FoundBase]) -> FoundBase | None:
    """The base that a LoRA was trained on, or else the first."""
    trained = [Path(lora.base).stem for lora in loras if lora.base is not None]
    return next((base for name in trained for base in bases if base.path.stem == name), bases[0] if bases else None)


def _base_notes(start: Path, base: FoundBase | None, bases: Sequence[FoundBase]) -> Iterator[str]:
    if base is None:
        yield f"no base was found in {MODELS}/: put it there, or name it under base"
    others = [other for other in bases if other is not base]
    for other in others[:MANY]:
        yield f"{_named(other.path, start)} is a base too"
    if len(others) > MANY:
        yield f"{counted(len(others) - MANY, 'more base')} lie there: `huanhua models list` names those of WebUIs"


def _unopened(start: Path, base: FoundBase | None, webuis: Sequence[Webui]) -> Iterator[str]:
    """The files that are no bases: all where none was found, else those of WebUIs, where a checkpoint alone should lie."""
    refused = unopened_bases(start / MODELS if base is None else None, webuis)
    yield from (f"{error.where} was left out: {error.what}" for error in refused[:MANY])
    if len(refused) > MANY:
        yield f"{counted(len(refused) - MANY, 'more file')} among the checkpoints are no bases"


def _line(key: str, lora: FoundLora, start: Path) -> str:
    fixed = lora.kind == "other"
    sources = {
        "kind": lora.kind_from or "assumed, for nothing tells it: face, clothing, shoes or other",
        "trigger": lora.trigger_from,
        "start": lora.start_from,
    }
    told = "; ".join(f"{key}: {source}" for key, source in sources.items() if source is not None)
    line = LORA.format(
        name=yaml_key(key),
        file=quoted(_named(lora.path, start)),
        kind=lora.kind,
        references=quoted(_named(lora.references, start)) if lora.references is not None else "null",
        trigger=f", trigger: {quoted(lora.trigger)}" if lora.trigger and lora.trigger_from else "",
        start=lora.start,
        bounds=f", bounds: [0, {lora.most:g}]",
        comment=f"   # {told}" if lora.path.is_absolute() or lora.path.exists() else "",
    )
    return line.replace(f"start: {lora.start}, bounds: [0, {lora.most:g}]", f"fixed: {lora.start}") if fixed else line


def _named(path: Path, start: Path) -> str:
    if path.is_relative_to(start):
        return named_from(start, path)
    return absolute(path).as_posix() if path.is_absolute() else path.as_posix()
