"""A LoRA report's measures as charts, ladders and tables of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from dashboards.lora_report.values import Chart, Level, Line, Reading, Shot, Strip, Table
from models.language.translate import joined, phrase
from scorers.compare.places import OWN
from studies.report.lora.sentences import PLACES

if TYPE_CHECKING:
    from studies.lora_report.levels import Rungs
    from studies.lora_report.measures import AtWeight, Seen
    from studies.lora_report.measuring import Measured, Member
    from studies.lora_report.quarrels import Quarrel


def score_chart(lora: Measured) -> Chart:
    """The score against photos, with what photos score among themselves; of epochs a line each."""
    calibrations = lora.member.rungs.calibrations.values()
    level = lora.member.rungs.wanted.level
    plain, enough = median(c.zero for c in calibrations), median(c.zero + level * (c.one - c.zero) for c in calibrations)
    levels = [Level(phrase("plain image"), plain), Level(phrase("enough"), enough)]
    if lora.thing.alike is not None:
        told = phrase("photos among themselves") if lora.thing.photos is not None else phrase("its own pictures")
        levels.append(Level(told, lora.thing.alike))
    lines = [
        _line(
            member.label if len(lora.members) > 1 else phrase("score"),
            member.rungs.at,
            lambda at: at.of("raw"),
            place != lora.told,
        )
        for place, member in enumerate(lora.members)
    ]
    title = phrase("Likeness to its photos")
    lead = phrase("The identity or garment score of a study: 1 is the same, the band is the range over seeds.")
    return Chart(title, lead, tuple(lines), tuple(levels), bottom=None)


def leak_charts(lora: Measured) -> Iterator[Chart]:
    """What changes outside the LoRA's place, and how far the face and other garments stay what they are."""
    rungs, own = lora.member.rungs.at, OWN[lora.thing.references.kind]
    places = [place for place in PLACES if place != own and any(at.place(place) for at in rungs)]
    lines = [_line(PLACES[place], rungs, lambda at, place=place: at.place(place)) for place in places]
    lead = phrase("Mean difference from the plain image, of 255 levels. At 0 its words alone act.")
    yield Chart(phrase("What else it changes"), lead, tuple(lines), least_top=8)
    things = sorted({name for at in rungs for seen in at.seen for name in seen.likeness} - {own})
    kept = [_line(PLACES[name], rungs, lambda at, name=name: at.like(name)) for name in things]
    if kept:
        lead = phrase("Cosine to the plain image's: 1 is the same face, the same garment.")
        yield Chart(phrase("What stays as it is"), lead, tuple(kept), least_top=1, bottom=None)


def body_charts(lora: Measured) -> Iterator[Chart]:
    """Hands, and how far the figure moves."""
    rungs = lora.member.rungs.at
    lead = phrase("0 is whole, 1 broken or lost, judged as a study does.")
    yield Chart(phrase("Hands"), lead, (_line(phrase("hands"), rungs, lambda at: at.of("hands")),), least_top=1)
    moved = (_line(phrase("moved"), rungs, lambda at: at.of("moved")),)
    lead = phrase("Mean distance of head, hands and feet from the plain image's, in heights of the figure.")
    yield Chart(phrase("Pose"), lead, moved, least_top=0.1)


def memory_charts(lora: Measured) -> Iterator[Chart]:
    """How near its pictures come to its photos, and the face to the faces in them."""
    rungs, photos = lora.member.rungs.at, lora.thing.photos
    if photos is None:
        return
    among = photos.among_themselves()
    levels = () if among is None else (Level(phrase("photos among themselves"), among),)
    lead = phrase("Cosine of the whole picture to the nearest photo: above the dashed line it repeats them.")
    line = _line(phrase("nearest photo"), rungs, lambda at: at.of("nearness"))
    yield Chart(phrase("How near to a photo"), lead, (line,), levels, bottom=None)
    faces = photos.faces_alike()
    if faces is not None and any(at.of("carried") for at in rungs):
        lead = phrase("Cosine of the face to the faces in its photos: a garment should bring none along.")
        line = _line(phrase("face"), rungs, lambda at: at.of("carried"))
        yield Chart(phrase("Faces of its photos"), lead, (line,), (Level(phrase("among themselves"), faces),), bottom=None)


def ladder_strips(lora: Measured) -> Iterator[Strip]:
    """The told file's pictures by weight, a row a seed."""
    rungs = lora.member.rungs
    for place, first in enumerate(rungs.at[0].seen):
        shots = tuple(_shot(rungs, at.seen[place]) for at in rungs.at)
        yield Strip(phrase("Seed {seed}", seed=first.seed), shots)


def _shot(rungs: Rungs, seen: Seen) -> Shot:
    score = rungs.expression(seen)
    shown = phrase("not measurable") if score is None else phrase("score {score:.2f}", score=score)
    lines = [shown, phrase("raw {raw:.3f}", raw=seen.raw), phrase("elsewhere {leak:.1f}", leak=seen.outside)]
    if seen.faults:
        lines.append(joined(", ", seen.faults))
    title = phrase("words alone") if seen.weight == 0 else f"{seen.weight:g}"
    return Shot(seen.image, title, tuple(lines), seen.bare, seen.failed)


def epoch_table(lora: Measured) -> Table:
    """Each file: the least weight at which it is good enough, and what it shows and changes there."""
    head = ("File", "Least weight", "Score there", "Elsewhere", "Moved", "Hands", "Nearest photo", "Best score")
    rows = tuple(_epoch_row(member) for member in lora.members)
    caption = phrase("Every file at the least weight that is good enough or, where none is, at the one that shows most")
    return Table(caption, tuple(phrase(title) for title in head), rows, lora.told)


def _epoch_row(member: Member) -> tuple[str, ...]:
    rungs = member.rungs
    at, best = rungs.chosen, rungs.scores(rungs.best)
    least = f"{at.weight:g}" if rungs.least is not None else phrase("none: {why}", why=_why(rungs, at))
    scores = rungs.scores(at)
    return (
        member.label,
        least,
        f"{median(scores):.2f}" if scores else "–",
        f"{median(at.of('outside')):.1f}",
        f"{median(at.of('moved')):.3f}",
        f"{median(at.of('hands')):.2f}",
        f"{median(near):.2f}" if (near := at.of("nearness")) else "–",
        phrase("{score:.2f} at {weight:g}", score=median(best), weight=rungs.best.weight) if best else "–",
    )


def _why(rungs: Rungs, at: AtWeight) -> str:
    return joined(", ", [phrase(why) for why in rungs.failing(at)])


def overlap_table(quarrel: Quarrel) -> Table:
    """By part of the base: how far both answer to the same inputs."""
    one, other = quarrel.falls
    head = (
        phrase("Part"),
        phrase("Layers of both"),
        phrase("Of {name}, shared", name=one.name),
        phrase("Of {name}, shared", name=other.name),
        phrase("By chance"),
        phrase("Cosine of the updates"),
    )
    rows = tuple(
        (
            phrase(block),
            str(summed.layers),
            f"{summed.shared[0]:.0%}",
            f"{summed.shared[1]:.0%}",
            f"{summed.chance[0]:.0%} / {summed.chance[1]:.0%}",
            f"{summed.cosine:+.3f}",
        )
        for block, summed in quarrel.blocks.items()
    )
    caption = phrase("Shared: what of the update answers to inputs in the other's row space, by its energy")
    return Table(caption, head, rows)


def _line(label: str, rungs: Sequence[AtWeight], measure: Callable[..., Sequence[float]], muted: bool = False) -> Line:
    there = [(at.weight, measure(at)) for at in rungs]
    return Line(label, tuple(Reading(w, min(found), median(found), max(found)) for w, found in there if found), muted)
