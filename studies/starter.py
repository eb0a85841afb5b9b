"""The study.yaml that `huanhua init` writes: commented, or filled in from an A1111 picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError

if TYPE_CHECKING:
    from studies.infotext import Infotext

TEMPLATE = """\
# A study: which LoRAs to dress the figure in, and what their weights must achieve. Check it with: huanhua validate .
name: {name}
base:
  checkpoint: {checkpoint}   # .safetensors, diffusers folder or hub name; train and use LoRAs on the same base
  clip_skip: {clip_skip}                                  # as A1111 counts
prompt: {prompt}
negative_prompt: {negative}
render:
  width: {width}
  height: {height}
  steps: {steps}
  sampler: "{sampler}"
  cfg: {cfg}
  rng: {rng}                                       # where the first noise is drawn: gpu, or cpu as A1111's setting "RNG"
loras:                                          # name: its file, what it is, photos that show it, where to start
{loras}search:
  trials: 40                                    # images a seed, proof included
  require: {require}            # calibrated: 0 = this seed without the LoRA, 1 = the best it shows alone
seeds: {seeds}                      # or a list of seeds: [1296893022]
scorers:
  garment: {{model: ViT-L-14, pretrained: openai}}
  face: {{pack: buffalo_l}}                       # non-commercial licence; any insightface pack folder can take its place
  hands: {{judge: models/hand-judge.onnx}}        # hand crop (N, 3, 48, 48) to the probability that it is broken
  parts: {{model: fashn-ai/fashn-human-parser}}
"""
LORA = "  {name}: {{file: {file}, kind: {kind}, references: {references}, start: {start}}}\n"


def starter() -> str:
    loras = "".join(
        LORA.format(name=n, file=f"loras/{f}.safetensors", kind=k, references=f"data/{n}", start=s)
        for n, f, k, s in (
            ("face", "face", "face", 0.68),
            ("dress", "testdress", "clothing", 0.4),
            ("shoes", "myshoes", "shoes", 0.4),
        )
    )
    return TEMPLATE.format(
        name="my-study",
        checkpoint="models/chilloutmix.safetensors",
        clip_skip=1,
        rng="gpu",
        width=512,
        height=768,
        steps=30,
        sampler="DPM++ SDE Karras",
        cfg=7.5,
        loras=loras,
        require="{dress: 0.7, shoes: 0.7, face: 0.7}",
        seeds="{scout: 16, keep: 2}",
        prompt=_quoted("1girl, best quality, full body, standing, myface, testdress, myshoes"),
        negative=_quoted("worst quality, low quality"),
    )


def filled_from(picture: Path) -> str:
    """Prompt, negative, seed, sampler, size, LoRAs and weights from the picture's infotext.

    Raises InputError if it carries none. What infotext cannot know (what each LoRA is, photos of it) is left to be filled in.
    """
    from studies.infotext import read_picture

    info = read_picture(picture)
    if not info.loras:
        raise InputError("the picture's settings name no LoRA", picture, "give a picture that was drawn with LoRAs")
    return _filled(info)


def _filled(info: Infotext) -> str:
    loras = "".join(
        LORA.format(name=_key(n), file=_quoted(f"loras/{n}.safetensors"), kind="clothing", references=f"data/{_key(n)}", start=w)
        for n, w in info.loras.items()
    )
    width, height = info.size or (512, 768)
    seeds = f"[{info.seed}]" if info.seed is not None else "{scout: 16, keep: 2}"
    sampler = " ".join(part for part in (info.sampler, info.schedule) if part and part != "Automatic") or "DPM++ 2M Karras"
    require = "{" + ", ".join(f"{_key(n)}: 0.7" for n in info.loras) + "}"
    return TEMPLATE.format(
        name="from-picture",
        checkpoint=_quoted(f"models/{info.model or 'base'}.safetensors"),
        clip_skip=info.clip_skip,
        rng="cpu" if info.rng == "CPU" else "gpu",
        width=width,
        height=height,
        steps=info.steps or 30,
        sampler=sampler,
        cfg=info.cfg or 7.5,
        loras=loras,
        require=require,
        seeds=seeds,
        prompt=_quoted(info.prompt),
        negative=_quoted(info.negative),
    )


def _key(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
