"""LoRA files that nobody should write and somebody does, each with what must come of it: a line, or exactly these changes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from safetensors.torch import save
from torch import Tensor

from models.lora.sites import layer_names
from models.testing.lora_namings import KOHYA_ENDS, PEFT_ENDS, flat
from models.testing.tiny import tiny_unet

FLOATS: Final = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)
NO_FLOATS: Final = (torch.int8, torch.uint8, torch.int32, torch.int64, torch.bool, torch.complex64)
HEADER: Final = "lora_adapter_metadata"


@dataclass(frozen=True)
class HostileLora:
    """A file's bytes. `wanted` are the changes of the denoiser's layers at weight 1, None where it must be refused."""

    what: str
    data: bytes
    wanted: Mapping[str, Tensor] | None
    config: str | None = None
    """An adapter_config.json next to it, which is called adapter_model.safetensors then."""


@dataclass
class _Layers:
    """Layers of one file that is being made."""

    rng: random.Random
    ends: tuple[str, str] = KOHYA_ENDS
    tensors: dict[str, Tensor] = field(default_factory=dict)
    wanted: dict[str, Tensor] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    stems: list[str] = field(default_factory=list)

    def add(self, module: str, rank: int = 2, dtypes: tuple[torch.dtype, ...] = FLOATS, alpha: Tensor | None = None) -> None:
        shape = UNET.get_parameter(f"{module}.weight").shape
        generator = torch.Generator().manual_seed(self.rng.randrange(1 << 30))
        ones = (1, 1) if len(shape) == 4 else ()
        down = torch.randn(rank, *shape[1:], generator=generator).to(self.rng.choice(dtypes))
        up = torch.randn(shape[0], rank, *ones, generator=generator).to(self.rng.choice(dtypes))
        stem = f"lora_unet_{flat(module)}" if self.ends == KOHYA_ENDS else f"unet.{module}"
        self.tensors |= {f"{stem}.{self.ends[0]}": down, f"{stem}.{self.ends[1]}": up}
        scale = 1.0
        if alpha is not None:
            self.tensors[f"{stem}.alpha"] = alpha.clone()
            scale = float(alpha.double().item()) / rank
        self.wanted[module] = (up.double().flatten(1) @ down.double().flatten(1) * scale).view(shape)
        self.modules.append(module)
        self.stems.append(stem)

    def key(self, end: int) -> str:
        return f"{self.stems[0]}.{self.ends[end]}"

    def good(self, what: str, metadata: Mapping[str, str] | None = None) -> HostileLora:
        return HostileLora(what, save(self.tensors, dict(metadata or {})), self.wanted)

    def bad(self, what: str, metadata: Mapping[str, str] | None = None, config: str | None = None) -> HostileLora:
        return HostileLora(what, save(self.tensors, dict(metadata or {})), None, config)


UNET: Final = tiny_unet()
LINEAR: Final = [name for name in layer_names(UNET) if "attn" in name]
CONVOLUTIONS: Final = [name for name in layer_names(UNET) if name.endswith(("conv1", "conv2"))]
Maker = Callable[[random.Random], Iterator[HostileLora]]


def hostile_loras(seed: int = 0) -> Iterator[HostileLora]:
    """Some two hundred, other ones for each seed."""
    for maker in (_cut, _numbers, _alphas, _shapes, _names, _settings, _odd_metadata, _mixtures):
        yield from maker(random.Random(f"{maker.__name__} {seed}"))


def _layers(rng: random.Random, count: int = 2, *, ends: tuple[str, str] = KOHYA_ENDS, **given: Any) -> _Layers:
    made = _Layers(rng, ends)
    for module in rng.sample(LINEAR, count):
        made.add(module, **given)
    return made


def _cut(rng: random.Random) -> Iterator[HostileLora]:
    whole = _layers(rng, dtypes=(torch.float32,)).good("").data
    for _ in range(20):
        length = rng.randrange(len(whole))
        yield HostileLora(f"cut to {length} bytes", whole[:length], None)
    yield HostileLora("no tensors", save({}), None)
    yield HostileLora("no tensors but a name", save({}, {"ss_network_dim": "4"}), None)


def _numbers(rng: random.Random) -> Iterator[HostileLora]:
    for dtype in NO_FLOATS:
        for end in (0, 1):
            made = _layers(rng)
            made.tensors[made.key(end)] = made.tensors[made.key(end)].float().to(dtype)
            yield made.bad(f"{dtype} matrices")
    for dtype in (*FLOATS[:4], torch.float8_e5m2):
        for value in (torch.nan, torch.inf, -torch.inf):
            made, end = _layers(rng), rng.choice((0, 1))
            values = made.tensors[made.key(end)].float()
            values.view(-1)[rng.randrange(values.numel())] = value
            made.tensors[made.key(end)] = values.to(dtype)
            yield made.bad(f"{value} in {dtype}")
    for exponent in (30, 38):
        made = _layers(rng, dtypes=(torch.float32,), alpha=torch.tensor(10.0**exponent))
        made.tensors[made.key(0)] *= 1e20
        yield made.bad("a product beyond float32")
    for dtype in FLOATS:
        yield _layers(rng, dtypes=(dtype,)).good(f"{dtype} throughout")


def _alphas(rng: random.Random) -> Iterator[HostileLora]:
    for value in (torch.nan, torch.inf, -torch.inf):
        for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
            made = _layers(rng)
            made.tensors[f"{made.stems[0]}.alpha"] = torch.tensor(value, dtype=dtype)
            yield made.bad(f"alpha {value} in {dtype}")
    wrong: tuple[tuple[int, ...], ...] = ((0,), (2,), (2, 2))
    for size in wrong:
        made = _layers(rng)
        made.tensors[f"{made.stems[0]}.alpha"] = torch.ones(size)
        yield made.bad(f"alpha of shape {size}")
    for dtype in (torch.int8, torch.uint8, torch.int32, torch.int64, torch.float64, torch.bfloat16, torch.float8_e4m3fn):
        for shape in ((), (1,), (1, 1)):
            number = rng.choice((1, 2, 4, 8))
            yield _layers(rng, alpha=torch.full(shape, number, dtype=torch.float32).to(dtype)).good(f"alpha {dtype} {shape}")
    for value in (-4.0, 0.0, 1e-8, 1000.0):
        yield _layers(rng, alpha=torch.tensor(value, dtype=torch.float64)).good(f"alpha {value}")
    made = _layers(rng)
    made.tensors = {f"{made.stems[0]}.alpha": torch.tensor(1.0)}
    yield made.bad("an alpha alone")


def _shapes(rng: random.Random) -> Iterator[HostileLora]:
    wrong: dict[str, Callable[[Tensor], Tensor]] = {
        "a scalar": lambda t: t.float().sum(),
        "one dimension": lambda t: t.float().flatten(),
        "three dimensions": lambda t: t.float()[:, None],
        "five dimensions": lambda t: t.float()[:, :, None, None, None],
        "transposed": lambda t: t.float().T.contiguous(),
        "no rows": lambda t: t.float()[:0],
        "no columns": lambda t: t.float()[:, :0],
        "one row less": lambda t: t.float()[1:],
        "one column less": lambda t: t.float()[:, 1:].contiguous(),
    }
    for what, change in wrong.items():
        for end in (0, 1):
            made = _layers(rng)
            made.tensors[made.key(end)] = change(made.tensors[made.key(end)])
            yield made.bad(f"{what}: {KOHYA_ENDS[end]}")
    for end in (0, 1):
        made = _layers(rng)
        del made.tensors[made.key(end)]
        yield made.bad(f"without {KOHYA_ENDS[end]}")
    made = _layers(rng)
    made.tensors[made.key(0)], made.tensors[made.key(1)] = made.tensors[made.key(1)], made.tensors[made.key(0)]
    yield made.bad("up and down the other way round")
    for rank in (1, 17, 64, 300):
        yield _layers(rng, rank=rank).good(f"rank {rank}")
    made = _layers(rng, dtypes=(torch.float32,))
    made.tensors = {key: tensor[:, :, None, None].clone() for key, tensor in made.tensors.items()}
    yield made.good("linear layers as 1x1 convolutions")


def _names(rng: random.Random) -> Iterator[HostileLora]:
    made = _layers(rng)
    again = _Layers(rng, PEFT_ENDS)
    again.add(made.modules[0])
    made.tensors |= again.tensors
    yield made.bad("one layer under two namings")
    for key in (
        "lora_unet_nothing.lora_down.weight",
        "lora_te_text_model_nothing.alpha",
        "foo",
        "",
        "日本語.lora_up.weight",
        "\x1b[2J",
    ):
        made = _layers(rng)
        made.tensors[key] = torch.ones(2, 2)
        yield made.bad(f"a key called {key!r} too")
    made = _Layers(rng)
    made.add(LINEAR[0])
    other = _Layers(rng, PEFT_ENDS)
    other.add(LINEAR[1])
    made.tensors |= other.tensors
    made.wanted |= other.wanted
    yield made.good("layers under two namings")
    made = _layers(rng)
    made.tensors[f"{made.stems[0]}.lora.down.weight"] = made.tensors[made.key(0)].clone()
    yield made.bad("one matrix under two ends")
    made = _Layers(rng)
    for module in CONVOLUTIONS[:3]:
        made.add(module, rank=3, dtypes=(torch.float16,), alpha=torch.tensor(1.5))
    yield made.good("convolutions")


def _settings(rng: random.Random) -> Iterator[HostileLora]:
    wrong = (
        "{", "[]", "4", "null]", '{"unet.r": "four"}', '{"unet.r": -2}', '{"unet.r": 3}', '{"unet.r": 2, "unet.lora_alpha": "x"}',
        '{"unet.lora_alpha": NaN}', '{"unet.lora_alpha": 1e400}', '{"unet.lora_alpha": true}', '{"unet.rank_pattern": [2]}',
        '{"unet.rank_pattern": {".*": -1}}', '{"unet.rank_pattern": {".*": "many"}}', '{"unet.alpha_pattern": {"(": 4}}',
        '{"unet.alpha_pattern": {".*": {}}}', '{"unet.alpha_pattern": "x"}', '{"unet.peft_type": "LOHA"}',
        '{"unet.target_modules": ["nothing"]}', '{"unet.init_lora_weights": "pissa"}', "[" * 5000, '{"unet.target_modules": "("}',
    )  # fmt: skip
    for text in wrong:
        yield _layers(rng, ends=PEFT_ENDS).bad(f"{HEADER}: {text[:60]}", {HEADER: text})
        plain = text.replace("unet.", "")
        yield _layers(rng, ends=PEFT_ENDS).bad(f"adapter_config.json: {plain[:60]}", config=plain)
    for key, value in (("lora_alpha", "inf"), ("lora_alpha", "nan"), ("network_alpha", "-inf"), ("ss_network_alpha", "nan")):
        yield _layers(rng).bad(f"{key} {value}", {key: value})
    for alpha in (1, 0.5, -3, 0):
        made = _layers(rng, ends=PEFT_ENDS)
        made.wanted = {module: delta * alpha / 2 for module, delta in made.wanted.items()}
        yield made.good(f"{HEADER} states alpha {alpha}", {HEADER: json.dumps({"unet.r": 2, "unet.lora_alpha": alpha})})


def _odd_metadata(rng: random.Random) -> Iterator[HostileLora]:
    values = (
        "{",
        "[]",
        "null",
        "",
        "\x1b[2J\n\r",
        "x" * 100_000,
        "[" * 50_000,
        '{"a": {"b": "c"}}',
        '{"1": [2]}',
        "\u200b\ud7ff",
        "NaN",
    )
    for value in values:
        keys = (
            "ss_tag_frequency",
            "ss_dataset_dirs",
            "ss_network_args",
            "ss_steps",
            "sshs_model_hash",
            "modelspec.trigger_phrase",
        )
        yield _layers(rng).good(f"metadata {value[:20]!r}", dict.fromkeys((*keys, "ss_sd_model_name", "lora_rank"), value))


def _mixtures(rng: random.Random) -> Iterator[HostileLora]:
    for number in range(40):
        made = _Layers(rng)
        for module in rng.sample(LINEAR, rng.randint(1, 6)):
            alpha = rng.choice((None, torch.tensor(rng.uniform(-8, 8)), torch.tensor(rng.randint(1, 8))))
            made.add(module, rank=rng.randint(1, 9), alpha=alpha)
        yield made.good(f"dtypes, ranks and alphas mixed, {number}")
