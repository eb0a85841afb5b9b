"""What every `Backend` must do. Inherit from `BackendSuite` in a test module, with the pytest fixture it names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.inpainting.base import Redrawing
from studies.study import Study


class BackendSuite:
    """The test module gives one fixture: `reopen`, which opens one study on the backend anew as another process would, the first
    time with an empty workspace. Its models are small: the suite draws about ten images.
    """

    def test_it_describes_the_models_that_the_study_names(self, reopen: Callable[[], Study]) -> None:
        study = reopen()
        models = study.backend.models()
        assert set(models.loras) == set(study.spec.loras)
        assert all(lora.hash for lora in models.loras.values())
        assert models.base.hash
        assert json.loads(json.dumps(models.base.schedule)) == models.base.schedule

    def test_its_identity_is_json_and_the_same_in_every_process(self, reopen: Callable[[], Study]) -> None:
        identity = reopen().backend.identity()
        assert json.loads(json.dumps(identity)) == identity == reopen().backend.identity()

    def test_it_is_open_once_its_identity_was_asked_for(self, reopen: Callable[[], Study]) -> None:
        backend = reopen().backend
        backend.identity()
        assert backend.is_open()

    def test_a_time_per_image_is_finite_and_stored_by_device(self, reopen: Callable[[], Study]) -> None:
        study = reopen()
        seconds = study.seconds_per_image()
        assert math.isfinite(seconds)
        assert seconds >= 0
        device = study.backend.device()
        assert device == reopen().backend.device()
        if device:
            assert reopen().seconds_per_image() == seconds

    def test_it_draws_stores_and_observes(self, reopen: Callable[[], Study]) -> None:
        study = reopen()
        found = study.evaluator.evaluate(7, study.start)
        assert found.image.is_file()
        assert found.image.parent == study.workspace.images
        assert not found.observation.failed
        assert study.evaluator.identity() == study.backend.identity()

    def test_stored_work_opens_nothing(self, reopen: Callable[[], Study]) -> None:
        first = reopen()
        first.seconds_per_image()
        drawn = first.evaluator.evaluate(7, first.start)
        study = reopen()
        was_open = study.backend.is_open()
        assert study.evaluator.evaluate(7, study.start) == drawn
        assert list(study.evaluator.evaluate_all([Job(7, study.start)])) == [drawn]
        assert study.seconds_per_image() >= 0
        assert study.base_facts == first.base_facts
        assert study.lora_facts == first.lora_facts
        assert study.backend.is_open() is was_open

    def test_equal_points_are_drawn_equally_by_every_process(self, reopen: Callable[[], Study]) -> None:
        first = reopen()
        place = first.evaluator.evaluate(7, first.start).image
        png = place.read_bytes()
        place.unlink()
        second = reopen()
        assert second.evaluator.evaluate(7, second.start).image == place
        assert place.read_bytes() == png

    def test_its_observer_sees_what_its_evaluator_sees(self, reopen: Callable[[], Study]) -> None:
        study = reopen()
        drawn = study.evaluator.evaluate(7, study.start)
        with Image.open(drawn.image) as image:
            (observation,) = study.observer.observe([image.convert("RGB")])
        assert observation == drawn.observation

    def test_what_redraws_opens_nothing_before_it_is_used_and_draws_the_same_everywhere_or_refuses(
        self, reopen: Callable[[], Study]
    ) -> None:
        first = reopen()
        job = Job(7, first.start)
        with Image.open(first.evaluator.evaluate(job.seed, job.point).image) as stored:
            picture = stored.convert("RGB")
        left = np.zeros((picture.height, picture.width), np.bool_)
        left[:, : picture.width // 2] = True
        redrawing = Redrawing(job, picture, left, 0.5)
        found = []
        for _ in range(2):
            backend = reopen().backend
            was_open = backend.is_open()
            try:
                inpainter = backend.inpainter()
                assert backend.is_open() is was_open
                (drawn,) = inpainter.inpaint([redrawing])
            except InputError as refused:
                found.append(str(refused))
                continue
            assert isinstance(drawn, Image.Image)
            assert (drawn.mode, drawn.size) == ("RGB", picture.size)
            found.append(drawn.tobytes().hex())
        assert found[0] == found[1]
        assert "\n" not in found[0]
