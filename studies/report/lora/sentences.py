"""What a LoRA report says, in sentences that rest on its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Final

from models.counted import counted
from models.language.translate import joined, phrase
from scorers.compare.places import OWN
from studies.lora_report.levels import least_epoch
from studies.lora_report.measuring import Measured
from studies.lora_report.quarrels import Fall, Quarrel

PLACES: Final[Mapping[str, str]] = {
    "head": phrase("head"),
    "clothing": phrase("clothing"),
    "shoes": phrase("shoes"),
    "limbs": phrase("arms and legs"),
    "ground": phrase("background"),
}
"""What places are called."""
ADVICE: Final[Mapping[str, str]] = {
    "words": phrase(
        "Its words alone do {share:.0%} of it, at weight 0: the prompt changes the picture before the LoRA does. Weights do not "
        "mend that; a trigger that no prompt of the base knows does."
    ),
    "text encoder": phrase(
        "Its text encoders' part does {share:.0%} of it: drawn without it, the leak falls from {leak:.1f} to {without:.1f}. "
        "That part changes how every word is read. Training the denoiser alone leaves it out."
    ),
    "pose": phrase(
        "The figure itself moves, by {moved:.2f} of its height: then everything changes with it. Less weight keeps the pose."
    ),
    "faces of its photos": phrase(
        "The face comes nearer to the faces in its photos, from {before:.2f} to {after:.2f} (they are {alike:.2f} alike): it has "
        "learnt who wears the thing. Photos of several wearers, or training with outside=base, leave the face out."
    ),
}
"""By cause, what is measured of it and what helps."""
SHRINKS: Final = 0.05
"""A calibrated score that falls by less says nothing."""
QUARREL: Final = 0.15
"""A fall from which on two LoRAs quarrel."""


def answer(lora: Measured) -> str:
    """Which epoch, and from what weight on it is good enough."""
    if len(lora.members) > 1:
        return _epoch_answer(lora)
    rungs, level = lora.member.rungs, lora.member.rungs.wanted.level
    least = rungs.least
    if least is not None:
        return phrase(
            "Good enough from {weight:g} on: it shows {score:.2f}, and {level:g} is asked.",
            weight=least.weight,
            score=median(rungs.scores(least)),
            level=level,
        )
    return _never(lora)


def _epoch_answer(lora: Measured) -> str:
    rungs = lora.member.rungs
    if least_epoch([member.rungs for member in lora.members]) is None:
        return _never(lora)
    good = sum(member.rungs.least is not None for member in lora.members)
    return phrase(
        "{label} at {weight:g} is the least: of {files} files {good} are good enough at some weight, none at less.",
        label=lora.member.label,
        weight=rungs.chosen.weight,
        files=len(lora.members),
        good=good,
    )


def _never(lora: Measured) -> str:
    rungs = lora.member.rungs
    scores = rungs.scores(rungs.best)
    if not scores:
        return phrase("It shows no more than the plain image at any weight: nothing can be measured here.")
    return phrase(
        "Good enough at no weight that was drawn ({why}): at best {score:.2f} of {level:g}, at {weight:g}.",
        why=joined(", ", [phrase(why) for why in rungs.failing(rungs.best)]),
        score=median(scores),
        level=rungs.wanted.level,
        weight=rungs.best.weight,
    )


def facts(lora: Measured) -> tuple[str, ...]:
    """What it is scored by, and what was taken for it."""
    member, thing = lora.member, lora.thing
    found = [
        phrase("Kind: {kind} ({source}).", kind=phrase(member.reported.kind), source=member.reported.kind_from),
        phrase("Trigger: {trigger}.", trigger=member.reported.trigger)
        if member.reported.trigger
        else phrase("It names no trigger word: its pictures are drawn without one."),
        phrase("Compared with {photos}.", photos=counted(lora.photos, "photo"))
        if member.reported.references
        else phrase("No photos are named: it is compared with its own preview, or with pictures of it at full weight."),
    ]
    if thing.alike is not None and thing.photos is not None:
        found.append(phrase("Its photos are {alike:.2f} like one another by the same score.", alike=thing.alike))
    measured, drawn = len(member.rungs.measured), len(member.rungs.calibrations)
    if 0 < measured < drawn:
        left = phrase(
            "At {left} of {drawn} seeds it shows no more than the plain image: they judge nothing.",
            left=drawn - measured,
            drawn=drawn,
        )
        found.append(left)
    return tuple(found)


def leak_sentences(lora: Measured) -> Iterator[str]:
    """What changes that it was not made for, at the weight that is told, and why."""
    causes, own = lora.causes, PLACES[OWN[lora.thing.references.kind]]
    if not causes.leak:
        yield phrase("Nothing changes outside its place ({own}).", own=own)
        return
    places = joined(", ", [phrase("{place} {value:.1f}", place=PLACES[name], value=v) for name, v in causes.by_place.items()])
    yield phrase(
        "At {weight:g} all but its own place ({own}) differs from the plain image by {leak:.1f} of 255 levels: {places}.",
        weight=causes.weight,
        own=own,
        leak=causes.leak,
        places=places,
    )
    for thing, (before, after) in causes.likeness.items():
        yield phrase(
            "By embedding the {thing} stays {after:.2f} like the plain image's ({before:.2f} with its words alone).",
            thing=PLACES[thing],
            before=before,
            after=after,
        )
    found = causes.found()
    yield (
        phrase("Why:")
        if found
        else phrase(
            "No cause that can be measured stands out: words {words:.0%}, text encoders' part {text}, pose {moved:.2f}.",
            words=causes.by_words,
            text=phrase("none") if causes.by_text is None else f"{causes.by_text:.0%}",
            moved=causes.moved,
        )
    )
    for cause in found:
        yield _cause(lora, cause)


def _cause(lora: Measured, cause: str) -> str:
    causes, template = lora.causes, str(ADVICE[cause])
    carried = causes.carried or (0.0, 0.0, 0.0)
    values: dict[str, dict[str, float]] = {
        "words": {"share": causes.by_words},
        "text encoder": {"share": causes.by_text or 0.0, "leak": causes.leak, "without": causes.without_text or 0.0},
        "pose": {"moved": causes.moved},
        "faces of its photos": {"before": carried[0], "after": carried[1], "alike": carried[2]},
    }
    return phrase(template, **values[cause])


def memory_sentence(lora: Measured) -> str:
    """Whether its pictures are as near to its photos as the photos are to one another."""
    photos = lora.thing.photos
    if photos is None:
        return phrase("Without photos nothing tells whether it repeats them: name them with --photos DIR.")
    among = photos.among_themselves()
    chosen, before = lora.member.rungs.chosen, lora.member.rungs.at[0]
    near, plain = median(chosen.of("nearness")), median(before.of("nearness"))
    if among is None:
        return phrase(
            "With a single photo nothing tells how near is near: {near:.2f} at {weight:g}.", near=near, weight=chosen.weight
        )
    values = {"near": near, "weight": chosen.weight, "among": among, "plain": plain}
    if near >= among:
        return phrase(
            "At {weight:g} its pictures are {near:.2f} like the nearest photo ({plain:.2f} with its words alone), and the photos "
            "are {among:.2f} like one another: it repeats its photos.",
            **values,
        )
    return phrase(
        "At {weight:g} its pictures are {near:.2f} like the nearest photo ({plain:.2f} with its words alone), less than the "
        "photos are like one another ({among:.2f}): it does not repeat them.",
        **values,
    )


def quarrel_answer(quarrel: Quarrel) -> str:
    """Whether two LoRAs quarrel, and which one gives way."""
    worst = max(quarrel.falls, key=lambda fall: fall.by)
    other = next(fall for fall in quarrel.falls if fall is not worst)
    if worst.by >= QUARREL:
        return phrase("They quarrel: {fall}", fall=_fall(worst, other))
    if worst.by >= SHRINKS:
        return phrase("They hardly quarrel: {fall}", fall=_fall(worst, other))
    return phrase("They do not quarrel at these weights: neither shows less beside the other.")


def _fall(worst: Fall, other: Fall) -> str:
    return phrase(
        "beside {other} at {at:g}, {name} at {weight:g} shows {beside:.2f} instead of {alone:.2f}.",
        other=other.name,
        at=other.weight,
        name=worst.name,
        weight=worst.weight,
        beside=worst.beside,
        alone=worst.alone,
    )


def overlap_sentences(quarrel: Quarrel) -> Iterator[str]:
    """How far both answer to the same inputs, and write to the same outputs."""
    one, other = quarrel.falls
    whole = quarrel.blocks["all"]
    if not whole.layers:
        yield phrase("No layer is touched by both.")
        return
    yield phrase(
        "In {layers} layers that both touch, {share:.0%} of what {one} does answers to inputs that {other} answers to as well "
        "({chance:.0%} by chance), and {back:.0%} the other way round.",
        layers=whole.layers,
        share=whole.shared[0],
        chance=whole.chance[0],
        back=whole.shared[1],
        one=one.name,
        other=other.name,
    )
    yield phrase(
        "Taken whole, the cosine of both updates is {cosine:.3f}: 1 would be the same LoRA twice, -1 one that undoes the other.",
        cosine=whole.cosine,
    )
