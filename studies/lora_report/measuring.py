"""Measures the images of a report: each LoRA's ladder, its epochs, why it leaks, and which LoRAs quarrel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from models.language.translate import phrase
from scorers.score.calibration import Calibration, similarity
from studies.callback import Callback
from studies.lora_report.causes import Causes, causes_of
from studies.lora_report.drawing import Drawing, Ladders
from studies.lora_report.epoch_search import Verdict, halved, verdict_of
from studies.lora_report.epochs import Training
from studies.lora_report.levels import Rungs, Wanted, told_epoch
from studies.lora_report.measures import AtWeight, Seen, Thing, calibrations_of, hands_of
from studies.lora_report.models import ReportModels, ReportStudy
from studies.lora_report.quarrels import Quarrel, quarrel_of, spaces_of
from studies.lora_report.setting import Reported
from studies.lora_report.sight import Sight
from studies.references.references import references_for

if TYPE_CHECKING:
    from optimizer.evaluate.base import Evaluation

Steps = Mapping[str, tuple[AtWeight, ...]]
"""By file, weights from 0 up."""


@dataclass(frozen=True)
class Member:
    """One file of a training, measured."""

    reported: Reported
    label: str
    name: str
    """By its content, as images name it."""
    rungs: Rungs


@dataclass(frozen=True)
class Measured:
    """One LoRA: all of its files."""

    name: str
    members: tuple[Member, ...]
    told: int
    """The place of the file that is told: the one that is good enough at the least weight, or shows most."""
    thing: Thing
    causes: Causes
    photos: int

    @property
    def member(self) -> Member:
        return self.members[self.told]


@dataclass(frozen=True)
class Measuring:
    drawing: Drawing
    ladders: Ladders
    sight: Sight
    callback: Callback

    @property
    def study(self) -> ReportStudy:
        return self.drawing.study

    def lora(self, training: Training, loras: Sequence[Reported], names: Sequence[str]) -> Measured:
        # Epochs have one thing: their references are the same photos.
        references = references_for(self.study, names[-1])
        photos = None if loras[-1].references is None else self.sight.photos(names[-1])
        thing = Thing(references, photos, self.sight)
        plain = {seed: similarity(image.observation, references) for seed, image in self.ladders.plain.items()}
        hands = {seed: hands_of(image.observation, image.observation) for seed, image in self.ladders.plain.items()}
        wanted = Wanted(loras[-1].level, self.study.spec.search.hands)

        def judged(steps: Steps) -> list[Rungs]:
            calibrations = calibrations_of(list(steps.values()), plain, thing)
            return [Rungs(at, calibrations, hands, wanted) for at in steps.values()]

        steps: Steps = {names[-1]: self._ladder(names[-1], thing)}
        if len(names) > 1:
            steps = self._epochs(names, thing, steps[names[-1]], judged)
        told = told_epoch(judged(steps))
        while len(steps[names[told]]) < len(steps[names[-1]]):
            # What is told is told by all weights.
            steps = {**steps, names[told]: self._whole(names[told], steps[names[-1]], thing)}
            told = told_epoch(judged(steps))
        members = tuple(
            Member(lora, saved.label, name, rungs)
            for lora, saved, name, rungs in zip(loras, training.files, names, judged(steps), strict=True)
        )
        self.sight.keep()
        causes = self._causes(members[told], thing)
        return Measured(training.name, members, told, thing, causes, len(references.embeddings))

    def _epochs(
        self, names: Sequence[str], thing: Thing, last: tuple[AtWeight, ...], judged: Callable[[Steps], list[Rungs]]
    ) -> Steps:
        """The last file's ladder, and of each other file its words and the weights that halving asks for.

        They are judged by the best of all that is drawn, which an epoch may raise: then the others are asked again.
        """
        steps: Steps = {name: (self._at(name, 0.0, thing),) for name in names[:-1]} | {names[-1]: last}
        with self.callback.progress(phrase("epochs")) as advance:
            best: Mapping[int, Calibration] = {}
            while (rungs := judged(steps)[-1]).calibrations != best:
                best = rungs.calibrations
                for place, name in enumerate(names[:-1]):
                    steps = {**steps, name: self._halved(name, steps[name], thing, rungs)}
                    advance(place + 1, len(names) - 1)
                    self.sight.keep()
        return steps

    def _halved(self, name: str, drawn: Sequence[AtWeight], thing: Thing, judge: Rungs) -> tuple[AtWeight, ...]:
        """What is drawn already, and what halving asks for."""
        found = {at.weight: at for at in drawn}

        def verdict(weight: float) -> Verdict:
            if weight not in found:
                found[weight] = self._at(name, weight, thing)
            return verdict_of(judge, found[weight])

        halved([at.weight for at in judge.at if at.weight > 0], verdict)
        return tuple(found[weight] for weight in sorted(found))

    def _whole(self, name: str, grid: Sequence[AtWeight], thing: Thing) -> tuple[AtWeight, ...]:
        return tuple(self._at(name, at.weight, thing) for at in grid)

    def _at(self, name: str, weight: float, thing: Thing) -> AtWeight:
        """One weight of one file, drawn unless it is stored."""
        images = self.drawing.evaluations([self.drawing.alone(seed, name, weight) for seed in self.drawing.seeds])
        return AtWeight(weight, tuple(self._seen(image, weight, thing) for image in images))

    def _ladder(self, name: str, thing: Thing) -> tuple[AtWeight, ...]:
        return tuple(
            AtWeight(weight, tuple(self._seen(image, weight, thing) for image in images))
            for weight, images in self.ladders.steps[name].items()
        )

    def _seen(self, image: Evaluation, weight: float, thing: Thing) -> Seen:
        return thing.seen(image, weight, self.ladders.plain[image.seed])

    def _causes(self, member: Member, thing: Thing) -> Causes:
        chosen, words = member.rungs.chosen, member.rungs.at[0]
        if not self._models.touches_text(member.name):
            return causes_of(chosen, words, None, thing)
        jobs = [self.drawing.without_text(seed, member.name, chosen.weight) for seed in self.drawing.seeds]
        images = self.drawing.draw(phrase("without the text encoders' part"), jobs, self.callback)
        without = AtWeight(chosen.weight, tuple(self._seen(image, chosen.weight, thing) for image in images))
        return causes_of(chosen, words, without, thing)

    def quarrels(self, loras: Sequence[Measured]) -> tuple[Quarrel, ...]:
        """Of every two LoRAs, each by the file that is told of it."""
        pairs = list(combinations(loras, 2))
        if not pairs:
            return ()
        jobs = [
            self.drawing.together(seed, {lora.member.name: lora.member.rungs.chosen.weight for lora in pair})
            for pair in pairs
            for seed in self.drawing.seeds
        ]
        drawn = iter(self.drawing.draw(phrase("LoRAs together"), jobs, self.callback))
        spaces = spaces_of(self._models, [lora.member.name for lora in loras])
        return tuple(
            quarrel_of(
                (one.name, other.name),
                (one.thing, other.thing),
                (one.member.rungs, other.member.rungs),
                [next(drawn) for _ in self.drawing.seeds],
                self.ladders.plain,
                (spaces[one.member.name], spaces[other.member.name]),
            )
            for one, other in pairs
        )

    @property
    def _models(self) -> ReportModels:
        models = self.study.models
        assert isinstance(models, ReportModels)
        return models
