"""Evidence on the tutorial's claims: the lab's LoRAs with one thing changed, and how much of the product each then shows.

    python -m benchmarks.training.claims --out DIR [--arms NAME ...] [--trainings 2] [--seeds 16] [--device cuda] [--jobs 8]
    [--quick]

Each arm is trained as `huanhua train --preset lab` trains, so many times from other random numbers, and drawn alone on so many
seeds at each weight. Results lie in DIR as they come, and are not made again. Prints a table for people and, as its last line,
one JSON object; DIR/claims.png has a row of pictures an arm. Drawn figures prove nothing about photographs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product as pairs
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Final

from PIL import Image

from dashboards.sheet import Cell, sheet
from models.base.family import Base
from models.base.opening import open_base
from models.io.files import write_whole
from models.lora.file import LoraFile, open_lora
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.photos import photo_name, photographed
from studies.paperdoll.study import CFG, PHOTOS, SAMPLER, SIZE, STEPS, Outfit, kind_of
from studies.paperdoll.trained_loras import training_set_of
from studies.paperdoll.world import palette
from studies.paperdoll.world.captions import groups
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.products import Product
from studies.paperdoll.world.truth import Place, features_shown, product_share, shows
from studies.training.train import train_request
from trainers.prepare.captions import compose, without_trigger
from trainers.train.train import train

WEIGHTS_DRAWN: Final = (0.5, 0.7, 0.85, 1.0)
FIRST_SEED: Final = 7000
DRESS: Final[Product] = "testdress"
SHOES: Final[Product] = "myshoes"
FACE: Final[Product] = "myface"
WORDS: Final = {"face": "brown hair, short hair, brown eyes, fair skin", "clothing": "grey dress", "shoes": "grey boots"}
"""What stands in the prompt for what the product is not, and, where the prompt lacks the trigger, for what it is."""
WORDS_PLACES: Final = {
    "face": Place((0, 15), (24, 38), palette.HAIR["brown"], 0.35),
    "clothing": Place((0, 12), (112, 134), palette.CLOTH["grey"], 0.40),
    "shoes": Place((4.5, 13), (160, 176), palette.CLOTH["grey"], 0.25, side="both"),
}


@dataclass(frozen=True)
class Arm:
    """One way to train. `change` rewrites a copy of the set that `prepare` made, in which wearers have captions if it is
    `captioned`; `words` stand for the product in the prompt, its trigger if None."""

    name: str
    product: Product = DRESS
    settings: tuple[str, ...] = ()
    change: Callable[[Path], None] | None = None
    words: str | None = None
    captioned: bool = False


def no_reg(folder: Path) -> None:
    shutil.rmtree(folder / "reg")


def uncaptioned(folder: Path) -> None:
    """As kohya does it: under the folder's token, which is the trigger."""
    for caption in folder.glob("reg/*/*.txt"):
        caption.unlink()


def class_prior(folder: Path) -> None:
    for reg in list((folder / "reg").iterdir()):
        reg.rename(reg.with_name(reg.name.split("_")[0] + "_1girl"))


def no_trigger(folder: Path) -> None:
    for caption in folder.glob("*/*/*.txt"):
        tags = without_trigger(caption.read_text(encoding="utf-8"), DRESS)
        caption.write_text(compose("1girl", [*tags.split(", "), "pink dress"]), encoding="utf-8")


def written(folder: Path) -> None:
    """What a person would write: all that is seen but the dress."""
    for index in range(PHOTOS):
        seen = photographed(DRESS, index)
        for part, tags in (("train", around(seen)), ("reg", whole(seen))):
            for caption in folder.glob(f"{part}/*/{photo_name(index)}.txt"):
                caption.write_text(compose(DRESS, tags), encoding="utf-8")


def around(figure: Figure) -> list[str]:
    """What a close-up of the dress shows around it."""
    return ["clothing close-up", f"{figure.identity.skin} skin", *groups(figure)["ground"]]


def whole(figure: Figure) -> list[str]:
    return ["1girl", figure.framing, *(tag for part, tags in groups(figure).items() if part != "garment" for tag in tags)]


def bare_triggers(folder: Path) -> None:
    for caption in folder.glob("*/*/*.txt"):
        caption.write_text(DRESS, encoding="utf-8")


def stretched(folder: Path) -> None:
    """The small crops enlarged to the size of whole pictures."""
    stored = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for photo in stored["photos"]:
        cut = photo["train"]
        picture = folder / cut["file"]
        Image.open(picture).resize(SIZE, Image.Resampling.BICUBIC).save(picture)
        cut["size"] = list(SIZE)
    (folder / "manifest.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")


ARMS: Final = (
    Arm("the preset"),
    Arm("no reg, as many steps", settings=("plan.epochs=72",), change=no_reg),
    Arm("reg with captions", captioned=True),
    Arm("face", FACE),
    Arm("face: reg with captions", FACE, captioned=True),
    Arm("shoes: reg with captions", SHOES, captioned=True),
    Arm("class prior", change=class_prior),
    Arm("shoes: small crops small", SHOES),
    Arm("shoes: small crops stretched", SHOES, change=stretched),
    Arm("no trigger", change=no_trigger, words="pink dress", captioned=True),
    Arm("captions by hand", change=written, captioned=True),
    Arm("four times the steps", settings=("plan.epochs=32",)),
    Arm("masked loss", settings=("outside=nothing",)),
    Arm("whole photos", settings=("outside=photo",)),
    Arm("twice the steps", settings=("plan.epochs=16",)),
    Arm("half the steps", settings=("plan.epochs=4",)),
    Arm("rank 2", settings=("rank=2", "alpha=2", "text_rank=2", "text_alpha=2")),
    Arm("rank 32", settings=("rank=32", "alpha=32", "text_rank=32", "text_alpha=32")),
    Arm("trigger alone", change=bare_triggers, captioned=True),
    Arm("text encoder untrained", settings=("text_rank=0",)),
    Arm("rank 4", settings=("rank=4", "alpha=4", "text_rank=4", "text_alpha=4")),
    Arm("rank 16", settings=("rank=16", "alpha=16", "text_rank=16", "text_alpha=16")),
)
BY_NAME: Final = {arm.name: arm for arm in ARMS}
Result = Mapping[str, object]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--arms", nargs="+", choices=list(BY_NAME), default=list(BY_NAME))
    options.add_argument("--trainings", type=int, default=2, help="of each arm")
    options.add_argument("--seeds", type=int, default=16, help="to draw on")
    options.add_argument("--device", default="cpu")
    options.add_argument("--jobs", type=int, default=1, help="trainings at the same time")
    options.add_argument("--quick", action="store_true", help="one short training of two arms, two seeds: to try the script")
    asked = options.parse_args()
    if asked.quick:
        asked.arms, asked.trainings, asked.seeds = asked.arms[:2], 1, 2
    prepared(asked.out)
    todo = [(asked.out, name, k, asked.seeds, asked.device, asked.quick) for k, name in pairs(range(asked.trainings), asked.arms)]
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        for line in pool.map(measured, *zip(*todo, strict=True)):
            print(line, flush=True)
    report(asked.out, asked.arms, asked.trainings)
    return 0


def prepared(out: Path) -> None:
    for product in (DRESS, SHOES, FACE):
        training_set_of(Outfit(product, kind_of(product), product, 0.5), out, caption_reg=True)


def place(out: Path, name: str, training: int) -> Path:
    return out / f"{name.replace(' ', '-').replace(',', '').replace(':', '')}-{training}.json"


def measured(out: Path, name: str, training: int, seeds: int, device: str, quick: bool) -> str:
    """Trains one LoRA of an arm, draws with it and writes what was seen, unless that is there already."""
    result = place(out, name, training)
    if result.exists():
        return f"{name}, training {training}: there already"
    arm, base = BY_NAME[name], open_base(WEIGHTS / "base", device=device)
    dataset = changed_set(out, arm, training)
    settings = [*arm.settings, f"seed={training}", "precision=float32", *(["plan.epochs=1"] if quick else [])]
    file, kind = result.with_suffix(".safetensors"), kind_of(arm.product)
    request = train_request(dataset, file, kind, family="lab", trigger=arm.product, settings=settings)
    made = train(replace(request, checkpoints=out), base)
    found, images = drawn(base, arm, made.path, seeds)
    strip(images).save(result.with_suffix(".png"))
    stored = {"arm": name, "training": training, "steps": made.steps, "loss": made.loss, "seconds": made.seconds, **found}
    write_whole(result, json.dumps(stored).encode())
    return f"{name}, training {training}: {made.steps} steps in {made.seconds:.0f} s, shown {found['shown']}"


def changed_set(out: Path, arm: Arm, training: int) -> Path:
    """The arm's own copy of the product's set."""
    own = place(out / "sets", arm.name, training).with_suffix("")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(out / "data" / arm.product, own)
    if not arm.captioned:
        uncaptioned(own)
    if arm.change is not None:
        arm.change(own)
    return own


def drawn(base: Base, arm: Arm, file: Path, seeds: int) -> tuple[dict[str, dict[str, float]], list[Image.Image]]:
    """Means over seeds by weight: the share of the product that is shown where it is called and where it is not, and how often
    the rest is as the prompt describes it. The images are of the weight that shows most."""
    lora: dict[str, LoraFile] = {arm.product: open_lora(file, base.modules)}
    shown: dict[str, float] = {}
    uncalled: dict[str, float] = {}
    rest: dict[str, float] = {}
    best: list[Image.Image] = []
    kind = kind_of(arm.product)
    others = [spot for name, spot in WORDS_PLACES.items() if name != kind]
    for weight in WEIGHTS_DRAWN:
        called, silent = (
            draw(base, lora, prompt(arm, words), weight, seeds) for words in (arm.words or arm.product, WORDS[kind])
        )
        shares = [product_share(features_shown(image), arm.product) for image in called]
        if not shown or mean(shares) > max(shown.values()):
            best = called
        shown[f"{weight:g}"] = mean(shares)
        uncalled[f"{weight:g}"] = mean(product_share(features_shown(image), arm.product) for image in silent)
        rest[f"{weight:g}"] = mean(mean(shows(image, [spot]) for spot in others) for image in called)
    return {"shown": rounded(shown), "uncalled": rounded(uncalled), "rest": rounded(rest)}, best


def draw(base: Base, lora: dict[str, LoraFile], prompt: str, weight: float, seeds: int) -> list[Image.Image]:
    renderer = DiffusionRenderer(base, lora, RenderSettings(prompt, "", *SIZE, STEPS, SAMPLER))
    jobs = [Job(FIRST_SEED + k, Point(dict.fromkeys(lora, weight), CFG)) for k in range(seeds)]
    return pictures(renderer.render(jobs))


def prompt(arm: Arm, words: str) -> str:
    parts = [words if name == kind_of(arm.product) else other for name, other in WORDS.items()]
    return ", ".join(["1girl", "full body", "standing", "arms spread", "smile", *parts, "lilac background"])


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def strip(images: Sequence[Image.Image]) -> Image.Image:
    found = Image.new("RGB", (SIZE[0] * 8, SIZE[1]))
    for k, image in enumerate(images[:8]):
        found.paste(image, (k * SIZE[0], 0))
    return found


def report(out: Path, names: Sequence[str], trainings: int) -> None:
    print(f"\n{'':<30}{'steps':>6}{'at best':>16}{'weight':>8}{'uncalled':>10}{'rest':>7}")
    found, rows = {}, []
    for name in names:
        stored = [json.loads(place(out, name, k).read_text(encoding="utf-8")) for k in range(trainings)]
        curve = {w: mean(one["shown"][w] for one in stored) for w in stored[0]["shown"]}
        best = max(curve, key=curve.__getitem__)
        each = [round(max(one["shown"].values()), 2) for one in stored]
        uncalled, rest = (mean(one[key][best] for one in stored) for key in ("uncalled", "rest"))
        line = f"{stored[0]['steps']:>6}{' '.join(f'{e:.2f}' for e in each):>16}{best:>8}{uncalled:>10.2f}{rest:>7.2f}"
        print(f"{name:<30}{line}")
        found[name] = {"steps": stored[0]["steps"], "best": each, "weight": best, "curve": rounded(curve)}
        found[name] |= {"uncalled": round(uncalled, 4), "rest": round(rest, 4)}
        rows.append((f"{name}: {' '.join(f'{e:.2f}' for e in each)}", Image.open(place(out, name, 0).with_suffix(".png"))))
    picture(rows).save(out / "claims.png")
    print(json.dumps({"claims": found}))


def picture(rows: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    cells = [[Cell(strip.crop((k * SIZE[0], 0, (k + 1) * SIZE[0], SIZE[1]))) for k in range(8)] for _, strip in rows]
    title = "one thing changed, each at its best weight, the same seeds"
    return sheet(cells, title=title, row_labels=[name for name, _ in rows], footer="share of the product shown", tall=144)


if __name__ == "__main__":
    sys.exit(main())
