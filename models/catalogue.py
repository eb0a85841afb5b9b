"""The real models that the documents name: what each is for, its size and licence, where it comes from and what names it.

None is shipped. Sizes are rounded; licences are those that their makers state, and are theirs to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from models.errors import InputError
from models.language.translate import phrase

Commercial = Literal["yes", "no", "unknown"]
"""Whether a licence allows commercial use, as its makers state it. What a model was trained on may have terms of its own."""


@dataclass(frozen=True)
class RealModel:
    """`megabytes` is about what is fetched. `repo` is a hub name whose `files` are all that is needed; without one a person
    fetches it from `source`. `setting` is the line of study.yaml that names it, with {folder} for where it lies."""

    name: str
    use: str
    megabytes: int
    licence: str
    source: str
    setting: str
    commercial: Commercial
    repo: str | None = None
    files: tuple[str, ...] = ()
    url: str | None = None
    """Of a single file that is no hub's; a .zip is unpacked."""
    sha256: str = ""
    """Of the file at `url`, in hex."""
    place: str | None = None
    """Its file or folder below the folder of models, if that is not called as it is."""

    def folder(self, models: Path) -> Path:
        return models / (self.place or self.name)

    def found(self, models: Path) -> Path | None:
        """Where it lies if all of its files are there."""
        folder = self.folder(models)
        files = self.files or ((self.url.rpartition("/")[2],) if self.url is not None and not self.url.endswith(".zip") else ())
        there = all((folder / file).is_file() for file in files) if files else folder.exists()
        return folder if there else None


HUB: Final = "https://huggingface.co/"
FOLDER_FILES: Final = ("config.json", "preprocessor_config.json", "model.safetensors")
NON_COMMERCIAL: Final = "non-commercial research only"
CATALOGUE: Final = (
    RealModel(
        "vit-l-14", "garments: CLIP", 1710, "MIT", f"{HUB}timm/vit_large_patch14_clip_224.openai",
        "scorers.garment: {{model: local-dir:{folder}, pretrained: null}}", "yes",
        "timm/vit_large_patch14_clip_224.openai", ("open_clip_config.json", "open_clip_model.safetensors"),
    ),
    RealModel(
        "marqo-fashionsiglip", "garments: CLIP trained on shops' photos", 816, "Apache-2.0",
        f"{HUB}Marqo/marqo-fashionSigLIP",
        "scorers.garment: {{model: local-dir:{folder}, pretrained: null}}", "yes",
        "Marqo/marqo-fashionSigLIP",
        (
            "open_clip_config.json", "open_clip_model.safetensors",
            "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        ),
    ),
    RealModel(
        "dinov2-base", "garments: texture and shape, averaged in", 346, "Apache-2.0", f"{HUB}facebook/dinov2-base",
        "scorers.garment.dino: {folder}", "yes", "facebook/dinov2-base", FOLDER_FILES,
    ),
    RealModel(
        "fashn-human-parser", "parts of a person", 256, f"NVIDIA Source Code License for SegFormer: {NON_COMMERCIAL}",
        f"{HUB}fashn-ai/fashn-human-parser", "scorers.parts: {{model: {folder}}}", "no",
        "fashn-ai/fashn-human-parser", FOLDER_FILES,
    ),
    RealModel(
        "dwpose", "hands and arms: 133 keypoints", 134, "Apache-2.0", f"{HUB}yzd-v/DWPose",
        "scorers.hands: {{pose: {folder}/dw-ll_ucoco_384.onnx}}", "yes", "yzd-v/DWPose", ("dw-ll_ucoco_384.onnx",),
    ),
    RealModel(
        "buffalo_l", "faces", 289, NON_COMMERCIAL, "https://github.com/deepinsight/insightface/releases/tag/v0.7 (buffalo_l.zip)",
        "scorers.face: {{pack: {folder}}}", "no",
        url="https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip",
        sha256="80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f",
    ),
    RealModel(
        "yunet", "faces: the detector", 1, "MIT", f"{HUB}opencv/face_detection_yunet", "scorers.face: {{pack: {folder}}}", "yes",
        "opencv/face_detection_yunet", ("face_detection_yunet_2023mar.onnx",), place="auraface",
    ),
    RealModel(
        "auraface", "faces: the recogniser", 261, "Apache-2.0", f"{HUB}fal/AuraFace-v1",
        "scorers.face: {{pack: {folder}}}", "yes",
        "fal/AuraFace-v1", ("glintr100.onnx",),
    ),
    RealModel(
        "wd-vit-tagger-v3", "captions of training photos", 379, "Apache-2.0", f"{HUB}SmilingWolf/wd-vit-tagger-v3",
        "huanhua prepare ... --tagger {folder}", "yes", "SmilingWolf/wd-vit-tagger-v3", ("model.onnx", "selected_tags.csv"),
    ),
    RealModel(
        "chilloutmix", "a base for photorealistic figures (SD1.5)", 4270, "CreativeML OpenRAIL-M, with its makers' limits",
        "https://civitai.com/models/6424", "base: {{checkpoint: {folder}}}", "unknown", place="chilloutmix.safetensors",
    ),
    RealModel(
        "sd-v1-5", "a base (SD1.5)", 4270, "CreativeML OpenRAIL-M: commercial use within its use restrictions",
        f"{HUB}Comfy-Org/stable-diffusion-v1-5-archive", "base: {{checkpoint: {folder}/v1-5-pruned-emaonly.safetensors}}", "yes",
        "Comfy-Org/stable-diffusion-v1-5-archive", ("v1-5-pruned-emaonly.safetensors",),
    ),
    RealModel(
        "z-image-turbo", "a base (Z-Image)", 20500, "Apache-2.0", f"{HUB}Tongyi-MAI/Z-Image-Turbo",
        "base: {{checkpoint: {folder}, dtype: bfloat16}}", "yes",
    ),
    RealModel(
        "flux.2-klein-4b", "a base (FLUX.2 [klein])", 16000, "Apache-2.0", f"{HUB}black-forest-labs/FLUX.2-klein-4B",
        "base: {{checkpoint: {folder}, dtype: bfloat16}}", "yes",
    ),
    RealModel(
        "flux.1-schnell", "a base (FLUX.1)", 33700, "Apache-2.0", f"{HUB}black-forest-labs/FLUX.1-schnell",
        "base: {{checkpoint: {folder}, dtype: bfloat16}}", "yes",
    ),
    RealModel(
        "flux.1-dev", "a base (FLUX.1)", 33700, "FLUX.1 [dev] Non-Commercial License",
        f"{HUB}black-forest-labs/FLUX.1-dev", "base: {{checkpoint: {folder}, dtype: bfloat16}}", "no",
    ),
    RealModel(
        "4x-ultrasharp", "enlarging the pick", 67, "CC BY-NC-SA 4.0", f"{HUB}Kim2091/UltraSharp",
        "huanhua export ... --upscale {folder}/4x-UltraSharp.pth", "no", "Kim2091/UltraSharp", ("4x-UltraSharp.pth",),
    ),
    RealModel(
        "realesrgan-x4plus", "enlarging the pick", 67, "BSD-3-Clause",
        "https://github.com/xinntao/Real-ESRGAN/releases/tag/v0.1.0 (RealESRGAN_x4plus.pth)",
        "huanhua export ... --upscale {folder}/RealESRGAN_x4plus.pth", "yes",
        url="https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0/RealESRGAN_x4plus.pth",
        sha256="4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
    ),
)  # fmt: skip

FREE: Final = "free"
PROFILES: Final = {
    "photo": ("vit-l-14", "fashn-human-parser", "dwpose", "buffalo_l", "wd-vit-tagger-v3", "chilloutmix"),
    FREE: ("marqo-fashionsiglip", "dwpose", "yunet", "auraface", "wd-vit-tagger-v3", "sd-v1-5"),
}
"""All that a first study needs: of `free` each licence allows commercial use, and parts are told from the pose model."""


def real_model(name: str) -> RealModel:
    """Raises InputError if the catalogue has no such model."""
    for model in CATALOGUE:
        if model.name == name.lower():
            return model
    raise InputError("no model of this name", name, phrase("choose one of {names}", names=", ".join(m.name for m in CATALOGUE)))


def profile_named(name: str) -> list[RealModel]:
    """The models of a profile. Raises InputError if there is no such profile."""
    if name not in PROFILES:
        raise InputError(
            phrase("no profile {name}", name=name), "--profile", phrase("choose of {profiles}", profiles=", ".join(PROFILES))
        )
    return [real_model(model) for model in PROFILES[name]]


def limits_of_use(pack: str, parser: str) -> list[str]:
    """One line for each model that a study names, by names everyone knows, and that is not for all uses."""
    found: list[str] = []
    if Path(pack).name.startswith(("buffalo_", "antelope")):
        text = "face pack {name}: {limit}; any other insightface pack folder can take its place"
        found.append(phrase(text, name=Path(pack).name, limit=phrase(NON_COMMERCIAL)))
    if Path(parser).name == "fashn-human-parser":
        licence = real_model("fashn-human-parser").licence
        found.append(phrase("part parser {name}: {licence}", name=Path(parser).name, licence=licence))
    return found
