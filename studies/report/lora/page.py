"""A LoRA report as the values of its page."""

from __future__ import annotations

from pathlib import PureWindowsPath

from dashboards.lora_report.values import Passage, ReportPage, Section, Shot, Strip
from models.counted import counted
from models.language.translate import joined, phrase
from studies.lora_report.measuring import Measured
from studies.lora_report.quarrels import Quarrel
from studies.lora_report.report import Report
from studies.report.lora.charts import (
    body_charts,
    epoch_table,
    ladder_strips,
    leak_charts,
    memory_charts,
    overlap_table,
    score_chart,
)
from studies.report.lora.sentences import answer, facts, leak_sentences, memory_sentence, overlap_sentences, quarrel_answer


def page_of(report: Report, *, blurred: bool) -> ReportPage:
    """A section a LoRA, then one for every two of them."""
    spec = report.spec
    loras = [_lora(place, lora) for place, lora in enumerate(report.loras)]
    quarrels = [_quarrel(place, quarrel, report) for place, quarrel in enumerate(report.quarrels)]
    return ReportPage(
        name=", ".join(lora.name for lora in report.loras),
        prompt=spec.prompt,
        negative=spec.negative_prompt,
        settings=(
            ("Base", PureWindowsPath(spec.base.checkpoint).name),
            ("Size", f"{spec.render.width} × {spec.render.height}"),
            ("Sampler", f"{spec.render.sampler}, {spec.render.steps} steps"),
            ("CFG", f"{spec.render.cfg:g}"),
            ("Seeds", ", ".join(str(seed) for seed in report.seeds)),
        ),
        sections=(*loras, *quarrels),
        blurred=blurred,
    )


def _lora(place: int, lora: Measured) -> Section:
    several = len(lora.members) > 1
    # Of epochs the file that is told stands for all but their table and the scores.
    told = phrase(" of {label}", label=lora.member.label) if several else ""
    ladder = Passage(phrase("By weight{of}", of=told), (), tuple(ladder_strips(lora)))
    epochs = [Passage(phrase("Which epoch?"), (), tables=(epoch_table(lora),))] if several else []
    return Section(
        anchor=f"lora-{place}",
        eyebrow=counted(len(lora.members), "file of one training", "files of one training") if several else phrase("LoRA"),
        name=lora.name,
        answer=answer(lora),
        facts=facts(lora),
        passages=(
            *epochs,
            Passage(phrase("What it shows"), (), charts=(score_chart(lora),)),
            ladder,
            Passage(phrase("What it changes besides, and why"), tuple(leak_sentences(lora)), charts=tuple(leak_charts(lora))),
            Passage(phrase("Hands and pose"), (), charts=tuple(body_charts(lora))),
            Passage(phrase("Does it repeat its photos?"), (memory_sentence(lora),), charts=tuple(memory_charts(lora))),
        ),
    )


def _quarrel(place: int, quarrel: Quarrel, report: Report) -> Section:
    one, other = quarrel.falls
    lines = tuple(
        phrase("{name} {beside:.2f}, alone {alone:.2f}", name=fall.name, beside=fall.beside, alone=fall.alone)
        for fall in quarrel.falls
    )
    shown = zip(report.seeds, quarrel.images, quarrel.bare, strict=True)
    shots = tuple(Shot(image, phrase("seed {seed}", seed=seed), (), bare=bare) for seed, image, bare in shown)
    title = phrase(
        "{one} at {low:g} beside {other} at {high:g}", one=one.name, low=one.weight, other=other.name, high=other.weight
    )
    faults = (phrase("Together: {faults}.", faults=joined(", ", quarrel.faults)),) if quarrel.faults else ()
    return Section(
        anchor=f"pair-{place}",
        eyebrow=phrase("Two LoRAs"),
        name=f"{one.name} + {other.name}",
        answer=quarrel_answer(quarrel),
        facts=(*lines, *faults),
        passages=(
            Passage(phrase("Where they overlap"), tuple(overlap_sentences(quarrel)), tables=(overlap_table(quarrel),)),
            Passage(phrase("Both at once"), (), (Strip(title, shots),)),
        ),
    )
