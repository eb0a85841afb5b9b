"""What the licences of well-known models allow: by the content of their files, else by the names that everyone uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.catalogue import CATALOGUE, NON_COMMERCIAL, Commercial, RealModel
from models.io.hashing import hash_path
from models.language.translate import joined, phrase


@dataclass(frozen=True)
class Licence:
    """What one model is for, and what its licence says of commercial use."""

    use: str
    name: str
    licence: str
    commercial: Commercial
    source: str = ""


CONTENTS: Final[dict[str, tuple[str, str, Commercial]]] = {
    "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91": (
        "insightface's detector SCRFD-10G", NON_COMMERCIAL, "no",
    ),
    "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43": (
        "insightface's recogniser w600k_r50", NON_COMMERCIAL, "no",
    ),
    "a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60": ("AuraFace's recogniser", "Apache-2.0", "yes"),
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4": ("YuNet of OpenCV's model zoo", "MIT", "yes"),
}  # fmt: skip
"""By SHA-256. Names lie here: `scrfd_10g_bnkps.onnx` of AuraFace's hub is the very file that insightface calls `det_10g.onnx`."""
UNKNOWN: Final = "not known to huanhua"


def licence_of(use: str, name: str) -> Licence:
    """Of a model by its name: that of the catalogue, of its hub, or of the folder or file it lies in."""
    model = catalogued(name)
    if model is None:
        return Licence(use, Path(name).name or name, UNKNOWN, "unknown")
    return Licence(use, model.name, model.licence, model.commercial, model.source)


def catalogued(name: str) -> RealModel | None:
    """The model of the catalogue that a name of study.yaml means."""
    plain = name.removeprefix("local-dir:").removeprefix("hf-hub:").rstrip("/")
    path = Path(plain)
    for model in CATALOGUE:
        known = {model.name, (model.place or model.name).lower()}
        if plain == model.repo or path.name.lower() in known or (path.suffix and path.parent.name.lower() in known):
            return model
    return None


def pack_licences(pack: str, folder: Path | None) -> list[Licence]:
    """Of each model of a face pack that is used; by its name alone where it is not on this machine."""
    if folder is None:
        if Path(pack).name.startswith(("buffalo_", "antelope")):
            return [Licence("faces", Path(pack).name, NON_COMMERCIAL, "no")]
        return [licence_of("faces", pack)]
    return [_file_licence(file, Path(pack).name) for file in used_files(folder)]


def used_files(folder: Path) -> Sequence[Path]:
    """What `models.vision.faces.open_faces` opens for use: one YuNet, or else the pack's own detectors, and recognisers."""
    from models.vision.yunet import yunet_in

    yunet = yunet_in(folder)
    idle = ("1k3d68", "2d106det", "genderage", *(("scrfd", "det_") if yunet is not None else ()))
    used = [file for file in sorted(folder.glob("*.onnx")) if not file.name.startswith(idle)]
    return [file for file in used if "yunet" not in file.name or file == yunet]


def _file_licence(file: Path, pack: str) -> Licence:
    known = CONTENTS.get(hash_path(file))
    if known is not None:
        return Licence("faces", f"{file.name} ({known[0]})", known[1], known[2])
    if pack.startswith(("buffalo_", "antelope")):
        return Licence("faces", f"{pack}/{file.name}", NON_COMMERCIAL, "no")
    return Licence("faces", file.name, UNKNOWN, "unknown")


def commercial_use(licences: Sequence[Licence]) -> Commercial:
    """No if one says no, else unknown if one is."""
    found = {licence.commercial for licence in licences}
    return "no" if "no" in found else "unknown" if "unknown" in found else "yes"


def summary(licences: Sequence[Licence]) -> str:
    """One line: whether all of it may be used commercially, and what forbids or leaves it open."""
    verdict = commercial_use(licences)
    if verdict == "yes":
        text = "commercial use: yes, by the licences of all {count}; what they were trained on may have terms of its own"
        return phrase(text, count=len(licences))
    against = (phrase("{name} ({use})", name=one.name, use=phrase(one.use)) for one in licences if one.commercial == verdict)
    text = "commercial use: {verdict}: {names}"
    parts = [phrase(text, verdict=phrase(verdict), names=joined(", ", against))]
    open_too = [one.name for one in licences if one.commercial == "unknown"]
    if verdict == "no" and open_too:
        parts.append(phrase("unknown of {names}", names=joined(", ", open_too)))
    return joined("; ", parts)
