"""Hostile LoRA files: one line from every door, or exactly the weights that they state."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from models.errors import InputError
from models.lora.file import open_lora
from models.lora.fold import Folded
from models.lora.sites import DENOISER
from models.testing.tiny import by_part, tiny_text_encoder
from studies.cli.app import app
from studies.testing.hostile.loras import UNET, HostileLora, hostile_loras
from studies.testing.hostile.methods import UNREAD, hostile_methods

MADE = [*hostile_loras(), *hostile_methods()]
WEIGHT = 0.75


def written(folder: Path, made: HostileLora) -> Path:
    if made.config is not None:
        (folder / "adapter_config.json").write_text(made.config, encoding="utf-8")
    path = folder / ("given.safetensors" if made.config is None else "adapter_model.safetensors")
    path.write_bytes(made.data)
    return path


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.what[:40].encode("ascii", "backslashreplace").decode())
def test_one_line_or_the_weights_that_it_states(made: HostileLora, tmp_path: Path) -> None:
    path = written(tmp_path, made)
    if made.wanted is None:
        with pytest.raises(InputError) as refused:
            open_lora(path, by_part(UNET, tiny_text_encoder()))
        line = str(refused.value)
        assert "\n" not in line
        assert line.isprintable(), line
        assert len(line) < 700, line
        return
    layers = open_lora(path, by_part(UNET, tiny_text_encoder())).layers[DENOISER]
    assert layers.keys() == made.wanted.keys()
    folded = Folded(UNET, {"x": layers})
    assert folded.overflows({"x": WEIGHT}) == []
    with folded.at([{"x": WEIGHT}]):
        found = {module: _weight(UNET.get_submodule(module)) for module in layers}
    for module, delta in made.wanted.items():
        own = UNET.get_parameter(f"{module}.weight").double()
        wanted = own + WEIGHT * delta
        assert torch.allclose(found[module].double(), wanted, rtol=1e-5, atol=1e-5 * float(wanted.abs().max())), module


def _weight(layer: nn.Module) -> Tensor:
    """What the layer multiplies with: of a convolution, its answer to one pixel at a time."""
    if isinstance(layer, nn.Linear):
        answer: Tensor = layer(torch.eye(layer.in_features)) - layer(torch.zeros(layer.in_features))
        return answer.T
    assert isinstance(layer, nn.Conv2d)
    size = layer.kernel_size[0]
    pixels = torch.eye(layer.in_channels * size * size).view(-1, layer.in_channels, size, size)
    answer = layer(pixels) - layer(torch.zeros_like(pixels))
    return answer[:, :, size // 2, size // 2].T.reshape(layer.weight.shape)


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.what[:40].encode("ascii", "backslashreplace").decode())
def test_lora_show_prints_lines_or_refuses_in_one(made: HostileLora, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["lora", "show", str(written(tmp_path, made))])
    assert done.exception is None or isinstance(done.exception, (SystemExit, InputError)), repr(done.exception)
    if isinstance(done.exception, InputError):
        assert made.wanted is None
        assert str(done.exception).isprintable()
    else:
        assert all(line.isprintable() for line in done.output.splitlines()), done.output


def test_there_are_many() -> None:
    assert len(MADE) >= 200
    assert sum(made.wanted is None for made in MADE) >= 100


@pytest.mark.parametrize(
    ("what", "words"),
    [
        *((f"matrices stored as {name}", f"format that is not read here \\({name}\\)") for name in UNREAD),
        ("5 of ten layers of no base", "5 of its 10 layers match this base"),
        ("LoKr for another layer", "where the base has"),
        ("a DoRA with magnitudes nan", "NaN or infinity"),
    ],
)
def test_the_line_says_what_is_wrong(what: str, words: str, tmp_path: Path) -> None:
    made = next(made for made in MADE if made.what == what)
    with pytest.raises(InputError, match=words):
        open_lora(written(tmp_path, made), by_part(UNET, tiny_text_encoder()))


def test_magnitudes_of_another_shape_are_named(tmp_path: Path) -> None:
    made = [made for made in MADE if made.what.startswith("a DoRA with magnitudes of (") and "(0,)" not in made.what]
    assert len(made) > 20
    for one in made:
        with pytest.raises(InputError, match="magnitudes"):
            open_lora(written(tmp_path, one), by_part(UNET, tiny_text_encoder()))
