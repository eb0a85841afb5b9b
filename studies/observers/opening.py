"""Opens the models that observe images, and hashes what decides their observations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scorers.observe.figures.places import VERSION as FIGURES
from scorers.observe.observation import FORMAT
from scorers.observe.posed.pose_parts import FORMAT as PARTS_FORMAT
from scorers.plugins import versions_of
from studies.devices import scorers_device
from studies.observers.region_photos import RegionPhotos
from studies.scorer_spec import FROM_POSE, GarmentScorer, ScorersSection

CELLS: Final = 1
"""Version of how colours are observed by place (scorers.observe.colours.cells): a change must be a new one."""

if TYPE_CHECKING:
    from scorers.observe.base import Observer, PartSource
    from scorers.observe.embedders import Embedder

NO_PHOTOS: Final[Mapping[str, RegionPhotos]] = MappingProxyType({})


def open_observer(
    scorers: ScorersSection, root: Path, photos: Mapping[str, RegionPhotos] = NO_PHOTOS, figures: Sequence[str] = ()
) -> Observer:
    """Opens the models that observe images; `photos` are by LoRA what scorers of regions compare with, `figures` the people in
    images that show several.

    Raises InputError for the first that is missing or does not open.
    """
    from models.vision.faces import open_faces
    from models.vision.part_parser import open_parser
    from models.vision.pose import open_pose
    from scorers.observe.figures.observer import FiguresObserver
    from scorers.observe.figures.wide_parts import WideParts
    from scorers.observe.limbs.hand_judge import open_hand_judge
    from scorers.observe.parser_observer import ParserObserver
    from scorers.observe.posed.pose_parts import PoseParts
    from scorers.observe.window_observer import WindowObserver
    from scorers.plugins import open_region_scorer, open_scorers
    from scorers.regions import RegionDuty

    device, hands = scorers_device(scorers.device), scorers.hands
    garments = open_garment_embedder(scorers.garment, root, device)
    faces = open_faces(local_name(scorers.face.pack, root), scorers.face.det_size)
    pose = open_pose(root / hands.pose, device) if hands.pose else None
    extra = open_scorers(scorers.whole_images())
    regions = {
        duty.name: RegionDuty(open_region_scorer(duty.scorer), photos[duty.lora].kind, photos[duty.lora].open())
        for duty in scorers.regions()
    }
    if scorers.parts.model is None:
        return WindowObserver(garments, faces, pose, extra, regions)
    if pose is not None and scorers.parts.model == FROM_POSE:
        parts: PartSource = PoseParts(pose, faces)
    else:
        parts = open_parser(local_name(scorers.parts.model, root), device)
    judge = open_hand_judge(root / hands.judge, many_views=hands.judged_views > 1) if hands.judge else None
    by_parts, heads = scorers.compares_parts, scorers.compares_heads
    one = ParserObserver(parts, garments, faces, judge, pose, extra, regions, garment_parts=by_parts, whole_heads=heads)
    if not figures:
        return one
    wide = WideParts(parts, len(figures))
    return FiguresObserver(one, replace(one, parser=wide), wide, tuple(figures))


def open_garment_embedder(garment: GarmentScorer, root: Path, device: str) -> Embedder:
    """The CLIP model, DINOv2, or both averaged. Raises InputError for the first that is missing or does not open."""
    from models.vision.clip import open_clip_model
    from models.vision.dino import open_dino
    from scorers.observe.embedders import Averaged

    found: list[Embedder] = []
    if garment.model is not None:
        found.append(open_clip_model(local_clip_name(garment.model, root), garment.pretrained, device))
    if garment.dino is not None:
        found.append(open_dino(local_name(garment.dino, root), device))
    return found[0] if len(found) == 1 else Averaged(tuple(found))


def scorer_models(
    scorers: ScorersSection,
    root: Path,
    content_of: Callable[[Path], str],
    photos: Mapping[str, RegionPhotos] = NO_PHOTOS,
    figures: Sequence[str] = (),
) -> dict[str, tuple[str, str]]:
    """By scorer: what decides its observations, and its label for people; how several people are told apart, by their names.

    The first is the hash of local files, as `content_of` gives it, or the name of a model that is not on this machine, with the
    scorer's settings.
    """
    garment, face, hands = scorers.garment, scorers.face, scorers.hands

    def entry(place: str, setting: str = "") -> tuple[str, str]:
        path = Path(place.removeprefix("local-dir:"))
        content = content_of(path) if path.exists() else place
        label = f"{path.name} ({content[:12]})" if path.exists() else place
        return f"{content} {setting}".strip(), f"{label} {setting}".strip()

    garments = {}
    if garment.model is not None:
        garments["clip"] = entry(local_clip_name(garment.model, root), garment.pretrained or "")
    if garment.dino is not None:
        garments["dino"] = entry(local_name(garment.dino, root))
    labels = [label for _, label in garments.values()]
    contents = {kind: content for kind, (content, _) in garments.items()}
    compared = f" by parts {CELLS}" if scorers.compares_parts else ""
    heads = f" head {CELLS}" if scorers.compares_heads else ""
    way, model = ("judge", hands.judge) if hands.judge is not None else ("pose", hands.pose or "")
    hands_content, hands_label = entry(local_name(model, root), "" if hands.judged_views == 1 else f"{hands.judged_views} views")
    if scorers.parts.model is None:
        parts = "windows", "none"
    elif scorers.parts.model == FROM_POSE:
        parts = f"{FROM_POSE} {PARTS_FORMAT} {hands_content}", f"told from {hands_label}"
    else:
        parts = entry(local_name(scorers.parts.model, root))
    return {
        "parts": parts,
        "garment": (json.dumps(contents) + compared, " and ".join(labels) + compared),
        "face": entry(local_name(face.pack, root), str(face.det_size) + heads),
        "hands": (f"{way} {hands_content}", hands_label),
        **{f"extra {name}": (release, release) for name, release in versions_of(scorers.whole_images()).items()},
        **_of_regions(scorers, content_of, photos),
        **({"figures": (f"{FIGURES} {json.dumps(list(figures))}", ", ".join(figures))} if figures else {}),
    }


def _of_regions(
    scorers: ScorersSection, content_of: Callable[[Path], str], photos: Mapping[str, RegionPhotos]
) -> dict[str, tuple[str, str]]:
    """What is seen of a region depends on the photos too that it is compared with."""
    duties = scorers.regions()
    releases = versions_of(list(dict.fromkeys(duty.scorer for duty in duties)))
    found = {}
    for duty in duties:
        files = [[file.name, content_of(file)] for file in photos[duty.lora].files() if file.is_file()]
        content = hashlib.sha256(json.dumps(files).encode()).hexdigest()
        release = releases[duty.scorer]
        found[f"extra {duty.name}"] = (f"{release} {content}", f"{release}, photos {content[:12]}")
    return found


def observer_id(models: Mapping[str, tuple[str, str]]) -> str:
    """Hash of what decides the observations of each of `scorer_models`, and of their format: stored observations depend on it."""
    contents = {name: content for name, (content, _) in models.items()}
    return hashlib.sha256(json.dumps([FORMAT, contents]).encode()).hexdigest()


def local_name(name: str, root: Path) -> str:
    """The path in the study's folder if that, or the folder it would lie in, exists; else the name (a hub or pack name)."""
    local = (root / name).expanduser()
    return str(local) if local.exists() or ("/" in name and local.parent.is_dir()) else name


def local_clip_name(name: str, root: Path) -> str:
    """As `local_name`, for open_clip's `local-dir:FOLDER`."""
    prefix = "local-dir:"
    return prefix + local_name(name.removeprefix(prefix), root) if name.startswith(prefix) else name
