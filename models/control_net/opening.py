"""Opens a ControlNet for an opened base: a diffusers folder, or a .safetensors file in diffusers' or the original layout."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from models.base.detect import description
from models.base.text_width import width_of_text
from models.errors import InputError, first_line
from models.io.hashing import hash_path
from models.io.quiet import quiet_loading
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase

if TYPE_CHECKING:
    from models.base.family import Base

OF_WIDTH: Final[Mapping[int, str]] = {768: "SD1.5", 1024: "Stable Diffusion 2", 2048: "SDXL"}
"""By the width of the text that a ControlNet reads, what it is of."""
ORIGINAL: Final = "control_model."
"""How names begin in the original layout (lllyasviel's files)."""
EMBEDDING: Final = "controlnet_cond_embedding."
FETCH: Final = "name a ControlNet's diffusers folder, or its .safetensors file"


@dataclass(frozen=True)
class ControlNet:
    """An opened ControlNet, on the base's device and in its dtype, frozen."""

    module: Any
    """diffusers' ControlNetModel."""
    digest: str
    """SHA-256 in hex over the file or folder."""


def open_control_net(path: str | Path, base: Base) -> ControlNet:
    """Raises InputError if it is absent, a pickle, no ControlNet, or one of another base."""
    place = Path(path)
    quiet_loading()
    _check_family(base, place)
    check_control_net(place, base.denoiser.config["cross_attention_dim"], base.family.title)
    net = _from_folder(place) if place.is_dir() else _from_file(place, base)
    _check_fits(net, base, place)
    net.requires_grad_(False).eval()
    return ControlNet(net.to(base.device, base.dtype), hash_path(place))


def check_control_net(path: str | Path, text_width: int | None, family: str = "") -> None:
    """What its config and the headers of its files tell: no weight is loaded. `text_width` is of the text that the base reads,
    None where that is not known; `family` what the base is called, by that width where it is left out.

    Raises InputError if it is absent, a pickle, cut short, no ControlNet, or one of a base that reads other text.
    """
    place = Path(path)
    if place.is_dir():
        width = _stated_width(_checked_config(place))
    elif place.is_file():
        width = width_of_text(_checked_shapes(place))
    else:
        raise InputError("no such ControlNet", place, FETCH)
    if width is not None and text_width is not None and width != text_width:
        names = {"other": _of_width(width), "family": family or _of_width(text_width)}
        what = phrase("a ControlNet of {other}, and the base is {family}", **names)
        raise InputError(what, place, "name one that was made for this base")


def _stated_width(config: Mapping[str, Any]) -> int | None:
    width = config.get("cross_attention_dim")
    return width if isinstance(width, int) else None


def _of_width(width: int) -> str:
    return OF_WIDTH.get(width) or phrase("another base (it reads text {width} wide)", width=width)


def _check_family(base: Base, place: Path) -> None:
    if base.family.samplers is not None:
        what = phrase("{family} draws along a flow, and no ControlNet acts on it here", family=base.family.title)
        raise InputError(what, place, "leave control out, or draw with an SD1.5 or SDXL base")


def _checked_config(place: Path) -> dict[str, Any]:
    """That of a diffusers folder."""
    config = place / "config.json"
    if not config.is_file():
        raise InputError("not a ControlNet's folder (no config.json)", place, FETCH)
    try:
        found: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
        kind = found.get("_class_name")
    except (OSError, ValueError, AttributeError) as error:
        raise _closed(place, error) from error
    if kind != "ControlNetModel":
        raise InputError(phrase("a folder of {kind}, not of one ControlNet", kind=kind), place, FETCH)
    if not any(place.glob("*.safetensors")):
        raise InputError("a ControlNet's folder without .safetensors weights", place, "fetch it again with them")
    for weights in place.glob("*.safetensors"):
        read_safetensors_header(weights)
    if found.get("global_pool_conditions"):
        what = "a ControlNet that shuffles a picture's content, which holds no composition"
        raise InputError(what, place, "name one of pose, depth, edges, lines or tiles")
    return found


def _from_folder(place: Path) -> Any:
    from diffusers import ControlNetModel

    halves = any(place.glob("*.fp16.safetensors")) and not any(place.glob("diffusion_pytorch_model.safetensors*"))
    try:
        net, told = ControlNetModel.from_pretrained(
            place, local_files_only=True, use_safetensors=True, variant="fp16" if halves else None, output_loading_info=True
        )
    except Exception as error:  # the loader raises whatever it meets in a foreign file
        raise _closed(place, error) from error
    if told["missing_keys"]:
        _refuse_hole(place, sorted(told["missing_keys"])[0])
    return net


def _checked_shapes(place: Path) -> dict[str, tuple[int, ...]]:
    """Those of a file's tensors."""
    if place.suffix != ".safetensors":
        raise InputError("a ControlNet that is no .safetensors file", place, "name its .safetensors file or diffusers folder")
    shapes = read_safetensors_header(place).shapes
    if not any(name.startswith((ORIGINAL, EMBEDDING)) for name in shapes):
        raise InputError(phrase("{description} is no ControlNet", description=description(shapes)), place, FETCH)
    return shapes


def _from_file(place: Path, base: Base) -> Any:
    shapes = read_safetensors_header(place).shapes
    original = any(name.startswith(ORIGINAL) for name in shapes)
    wanted = _like(base, None if original else _hint_channels(shapes))
    from diffusers import ControlNetModel

    try:
        with tempfile.TemporaryDirectory() as config:
            wanted.save_config(config)
            net = (
                ControlNetModel.from_single_file(str(place), config=config, local_files_only=True)
                if original
                else _loaded(wanted, place)
            )
    except Exception as error:  # as above
        raise _closed(place, error) from error
    hole = next((name for name, weight in net.named_parameters() if weight.is_meta), None)
    if hole is not None:
        _refuse_hole(place, hole)
    return net


def _refuse_hole(place: Path, name: str) -> NoReturn:
    """The loaders leave a layer that is lacking as it is, and go on."""
    raise InputError(phrase("the ControlNet does not open (it lacks {name})", name=name), place, "fetch it again")


def _loaded(net: Any, place: Path) -> Any:
    from safetensors.torch import load_file

    net.load_state_dict(load_file(place))
    return net


def _like(base: Base, hint_channels: tuple[int, ...] | None) -> Any:
    """A ControlNet of the base's shapes, without weights of its own: files state none."""
    from diffusers import ControlNetModel

    channels = {} if hint_channels is None else {"conditioning_embedding_out_channels": hint_channels}
    return ControlNetModel.from_unet(base.denoiser, load_weights_from_unet=False, **channels)


def _hint_channels(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Of the convolutions that bring a hint to the size of latents: the first, then every second of the blocks."""
    first = shapes[f"{EMBEDDING}conv_in.weight"][0]
    wider = [shapes.get(f"{EMBEDDING}blocks.{block}.weight", (0,))[0] for block in (1, 3, 5)]
    return (first, *(width for width in wider if width))


def _check_fits(net: Any, base: Base, place: Path) -> None:
    for key in ("in_channels", "block_out_channels"):
        own, wanted = (_listed(model.config[key]) for model in (net, base.denoiser))
        if own != wanted:
            what = phrase("a ControlNet of another base ({key} {own}, the base has {wanted})", key=key, own=own, wanted=wanted)
            raise InputError(what, place, "name one that was made for this base")


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def _closed(place: Path, error: Exception) -> InputError:
    return InputError(
        phrase("the ControlNet does not open ({error})", error=first_line(error, 160)), place, "fetch it again, or name another"
    )
