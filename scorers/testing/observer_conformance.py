"""What every Observer must guarantee, as a list of faults; empty for one that conforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from PIL import Image

from models.errors import InputError
from models.lora_kinds import ScoredKind
from scorers.observe.base import Observer
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.calibration import similarity
from scorers.testing.conformance import odd_images


def observer_faults(observer: Observer, photos: Sequence[Image.Image]) -> list[str]:
    """The faults of an observer, in words. Every one of `photos` shows a person with a face, clothing and shoes."""
    return [*_odd(observer), *_batches(observer, photos), *_references(observer, photos)]


def _odd(observer: Observer) -> Iterator[str]:
    if observer.observe([]) != []:
        yield "no images: not an empty list"
    for image in odd_images():
        name = f"a {image.mode} picture of {image.width}x{image.height}"
        before = image.tobytes()
        try:
            [found] = observer.observe([image])
        except Exception as error:  # a stranger's code
            yield f"{name}: {type(error).__name__}: {error}"
            continue
        if found.size != image.size:
            yield f"{name}: observed as {found.size[0]}x{found.size[1]}"
        if Observation.from_json(found.to_json()) != found:
            yield f"{name}: the observation does not survive being stored"
        if image.tobytes() != before:
            yield f"{name}: it was changed"


def _batches(observer: Observer, photos: Sequence[Image.Image]) -> Iterator[str]:
    together, alone = observer.observe(photos), [observer.observe([photo])[0] for photo in photos]
    if len(together) != len(photos):
        yield f"{len(together)} observations of {len(photos)} images"
        return
    backward = observer.observe(photos[::-1])[::-1]
    for place, (first, second, third) in enumerate(zip(together, alone, backward, strict=True)):
        if _counts(first) != _counts(second):
            yield f"photo {place}: a batch differs from the image alone"
        if _counts(first) != _counts(third):
            yield f"photo {place}: the order of the images matters"


def _counts(found: Observation) -> tuple[object, ...]:
    """What rounding in a batch must not change."""
    things = (found.regions.keys(), found.windows.keys())
    return (found.size, found.heads, found.feet, len(found.hands), found.face is None, *(sorted(keys) for keys in things))


def _references(observer: Observer, photos: Sequence[Image.Image]) -> Iterator[str]:
    nothing = [Image.new("RGB", photo.size, (127, 127, 127)) for photo in photos]
    for kind in get_args(ScoredKind):
        try:
            observer.references_of(nothing, kind)
        except InputError:
            pass
        except Exception as error:  # a stranger's code
            yield f"photos that show no {kind}: {type(error).__name__}, not InputError"
        yield from _of_kind(observer, photos, kind)


def _of_kind(observer: Observer, photos: Sequence[Image.Image], kind: ScoredKind) -> Iterator[str]:
    found = observer.references_of(photos, kind)
    if found.kind != kind:
        yield f"references of {kind} are of {found.kind}"
    if References.from_json(found.to_json()) != found:
        yield f"references of {kind} do not survive being stored"
    places = [found.photo(index) for index in range(len(found.embeddings))]
    if any(place >= len(photos) for place in places):
        yield f"references of {kind} name photos that were not given"
    empty = similarity(observer.observe([Image.new("RGB", photos[0].size)])[0], found)
    own = max(similarity(observation, found) for observation in observer.observe(photos))
    if not own > empty:
        yield f"{kind}: the reference photos score {own:.3f} against themselves, a black picture {empty:.3f}"
