"""Placeholder: `huanhua export --to diffusers` writes here what the picture is and what may differ."""

from __future__ import annotations

import inspect
import math
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

# settings
BASE: str = ""
VAE: str | None = None
XL: bool = False
DTYPE: str = "float16"
PROMPT: str = ""
NEGATIVE: str = ""
SEED: int = 0
WIDTH: int = 512
HEIGHT: int = 768
CFG: float = 7.0
CLIP_SKIP: int = 1
RNG: str = "cpu"
ENSD: int = 0
PAD_CONDS: bool = False
LORAS: dict[str, tuple[str, float]] = {}
EMBEDDINGS: dict[str, str] = {}
STEPS: int = 30
SCHEDULER: str = "EulerDiscreteScheduler"
OPTIONS: dict[str, Any] = {}
LAID: dict[str, Any] = {}
# end of settings

CHUNK, LOOK_BACK = 75, 20
EMPHASIS = re.compile(r"\\[()\[\]\\]|\\|[(\[]|:\s*([+-]?[.\d]+)\s*\)|[)\]]|[^\\()\[\]:]+|:")
Place = tuple[int, float, Tensor | None]
BREAK = ("BREAK", -1.0)


def open_pipe(device: str) -> Any:
    kind = diffusers.StableDiffusionXLPipeline if XL else diffusers.StableDiffusionPipeline
    settings: dict[str, Any] = {"dtype": torch.float32 if device == "cpu" else getattr(torch, DTYPE)}
    settings |= {"add_watermarker": False} if XL else {"safety_checker": None, "requires_safety_checker": False}
    # Of a single file diffusers knows the layers from a small config, which it fetches from its hub the first time.
    pipe = kind.from_single_file(BASE, **settings) if Path(BASE).is_file() else kind.from_pretrained(BASE, **settings)
    if VAE:
        vae = diffusers.AutoencoderKL
        pipe.vae = vae.from_single_file(VAE) if Path(VAE).is_file() else vae.from_pretrained(VAE)
    for name, (path, _) in LORAS.items():
        pipe.load_lora_weights(lora_weights(path), adapter_name=name)
    if LORAS:
        pipe.set_adapters(list(LORAS), [weight for _, weight in LORAS.values()])
    return pipe.to(device)


def lora_weights(path: str) -> Any:
    """A kohya file with its alphas multiplied in, since diffusers 0.42 puts alphas that differ on the wrong layers, and without
    textual inversions, which it refuses; of any other file its path."""
    state = {key: tensor for key, tensor in load_file(path).items() if not key.startswith("bundle_emb.")}
    alphas = [key for key in state if key.endswith(".alpha")]
    if not alphas:
        return state if any("lora_down" in key for key in state) else path
    for key in alphas:
        stem, alpha = key.removesuffix(".alpha"), float(state.pop(key))
        if f"{stem}.lora_up.weight" in state:
            scale = alpha / state[f"{stem}.lora_down.weight"].shape[0]
            state[f"{stem}.lora_up.weight"] = state[f"{stem}.lora_up.weight"].float() * scale
    return state


def made_scheduler(where: str) -> Any:
    """The scheduler at the noise levels that A1111 lays."""
    scheduler = getattr(diffusers, SCHEDULER)(**OPTIONS)
    scheduler.set_timesteps(STEPS, device=where)
    for name, value in LAID.items():
        setattr(scheduler, name, torch.tensor(value) if isinstance(value, list) else value)
    scheduler.timesteps = scheduler.timesteps.to(where)
    if hasattr(scheduler, "noise_sampler_seed"):
        scheduler.noise_sampler_seed = [SEED]
    adjust(scheduler)
    return scheduler


def adjust(scheduler: Any) -> None:
    """Nothing: this scheduler follows A1111's equations as it is."""


def prepare(denoiser: Any) -> None:
    """Nothing: the levels of the UNet divide the size."""


def emphasised(prompt: str) -> list[tuple[str, float]]:
    """Pieces of equal emphasis: "(x:1.4)", "(x)" = 1.1, "[x]" = 1/1.1. BREAK has the weight -1 unless emphasis changes it.

    What A1111 reads otherwise (AND, "[a:b:0.5]", "[a|b]") is not followed.
    """
    pieces: list[tuple[str, float]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def close(bracket: str, factor: float) -> None:
        start = opened[bracket].pop()
        pieces[start:] = [(text, weight * factor) for text, weight in pieces[start:]]

    for match in EMPHASIS.finditer(prompt):
        text, number = match[0], match[1]
        if text.startswith("\\"):
            pieces.append((text[1:], 1.0))
        elif text in opened:
            opened[text].append(len(pieces))
        elif number and opened["("] and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", number):
            close("(", float(number))
        elif text == ")" and opened["("]:
            close("(", 1.1)
        elif text == "]" and opened["["]:
            close("[", 1 / 1.1)
        else:
            first, *others = re.split(r"\s*\bBREAK\b\s*", text)
            pieces += [(first, 1.0), *(piece for other in others for piece in (BREAK, (other, 1.0)))]
    for bracket, factor in (("(", 1.1), ("[", 1 / 1.1)):
        while opened[bracket]:
            close(bracket, factor)
    return merged(pieces)


def merged(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for text, weight in pieces:
        if found and found[-1][1] == weight:
            found[-1] = (found[-1][0] + text, weight)
        else:
            found.append((text, weight))
    return found


def chunks(tokenizer: Any, prompt: str, embeddings: dict[str, Tensor]) -> list[list[Place]]:
    """Token, weight and, for a textual inversion, vector of each place, in chunks of 75 as A1111 packs them."""

    def tokens_of(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    comma_token = tokenizer.convert_tokens_to_ids(",</w>")
    names = sorted(((tokens_of(name), vectors) for name, vectors in embeddings.items()), key=lambda pair: -len(pair[0]))
    done: list[list[Place]] = []
    row: list[Place] = []
    comma: int | None = None
    for text, weight in emphasised(prompt):
        if (text, weight) == BREAK:
            done, row, comma = [*done, row], [], None
            continue
        tokens = tokens_of(text)
        while tokens:
            if tokens[0] == comma_token != tokenizer.unk_token_id:
                comma = len(row)
            elif len(row) == CHUNK and comma is not None and CHUNK - comma <= LOOK_BACK:
                # What follows the last comma moves to the next chunk.
                done, row, comma = [*done, row[: comma + 1]], row[comma + 1 :], None
            if len(row) == CHUNK:
                done, row, comma = [*done, row], [], None
            name, vectors = next(((n, v) for n, v in names if n and tokens[: len(n)] == n), (tokens[:1], None))
            if vectors is not None and len(row) + len(vectors) > CHUNK:
                done, row, comma = [*done, row], [], None
            row += [(tokens[0], weight, None)] if vectors is None else [(0, weight, vector) for vector in vectors]
            tokens = tokens[len(name) :]
    return [*done, row] if row or not done else done


def embedding(path: str) -> list[Tensor]:
    """The vectors of a textual inversion; two tables of them for SDXL."""
    with torch.serialization.safe_globals([torch.nn.ParameterDict]):
        safe = path.endswith(".safetensors")
        held: Any = load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
    held = dict(held.get("string_to_param", held).items())
    tables = [held["clip_l"], held["clip_g"]] if "clip_l" in held else [next(iter(held.values()))]
    return [table.detach().float().reshape(-1, table.shape[-1]) for table in tables]


def encode(tokenizer: Any, encoder: Any, rows: list[list[Place]]) -> tuple[Tensor, Tensor | None]:
    """Hidden states of all chunks in a row, emphasis applied; for SDXL's second encoder also the pooled state of the first."""
    hidden, pooled = [], []
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    for places in rows:
        ids = [start, *(token for token, _, _ in places), end, *[pad] * (CHUNK - len(places))]
        vectors = {i: vector for i, (_, _, vector) in enumerate(places, 1) if vector is not None}

        def put(_: Any, __: Any, seen: Tensor, vectors: dict[int, Tensor] = vectors) -> Tensor:
            seen = seen.clone()
            for i, vector in vectors.items():
                seen[0, i] = vector.to(seen)
            return seen

        hook = encoder.get_input_embeddings().register_forward_hook(put)
        out = encoder(torch.tensor([ids], device=encoder.device), output_hidden_states=True)
        hook.remove()
        pooled.append(getattr(out, "text_embeds", None))
        hidden.append(weighed(layer_of(encoder, out), [1.0, *(weight for _, weight, _ in places)]))
    return torch.cat(hidden, dim=1), pooled[0]


def layer_of(encoder: Any, out: Any) -> Tensor:
    """The layer that A1111's clip skip names; SDXL reads the last but one, without the final norm."""
    found: Tensor
    if XL:
        found = out.hidden_states[-2]
    elif CLIP_SKIP == 1:
        found = out.last_hidden_state
    else:
        found = getattr(encoder, "text_model", encoder).final_layer_norm(out.hidden_states[-CLIP_SKIP])
    return found


def weighed(hidden: Tensor, weights: list[float]) -> Tensor:
    """Emphasis multiplies the hidden states, whose mean is then restored."""
    if all(weight == 1 for weight in weights):
        return hidden
    factor = torch.ones(hidden.shape[1], device=hidden.device)
    factor[: len(weights)] = torch.tensor(weights, device=hidden.device)
    lifted = hidden.float() * factor[None, :, None]
    return (lifted * (hidden.float().mean() / lifted.mean())).to(hidden.dtype)


def conditioning(pipe: Any) -> tuple[Tensor, dict[str, Tensor] | None]:
    """What the UNet is told: rows (negative, positive), or the positive one alone where nothing is guided."""
    texts = [NEGATIVE, PROMPT] if CFG > 1 else [PROMPT]
    towers = [(pipe.tokenizer, pipe.text_encoder)] + ([(pipe.tokenizer_2, pipe.text_encoder_2)] if XL else [])
    tables = {name: embedding(path) for name, path in EMBEDDINGS.items()}
    sides, pooled = [], []
    for i, (tokenizer, encoder) in enumerate(towers):
        rows = [chunks(tokenizer, text, {name: found[i] for name, found in tables.items()}) for text in texts]
        if PAD_CONDS:
            rows = [row + [[]] * (max(map(len, rows)) - len(row)) for row in rows]
        told = [encode(tokenizer, encoder, row) for row in rows]
        # Attention over a prompt that is repeated is attention over the prompt: both get equally many tokens so.
        tokens = math.lcm(*(hidden.shape[1] for hidden, _ in told))
        sides.append(torch.cat([hidden.repeat(1, tokens // hidden.shape[1], 1) for hidden, _ in told]))
        pooled = [end for _, end in told if end is not None]
    hidden = torch.cat(sides, dim=-1)
    if not XL:
        return hidden, None
    ends = torch.cat(pooled)
    if CFG > 1 and not NEGATIVE:
        hidden[0], ends[0] = 0, 0
    sizes = torch.tensor([[HEIGHT, WIDTH, 0, 0, HEIGHT, WIDTH]] * len(texts), device=hidden.device, dtype=hidden.dtype)
    return hidden, {"text_embeds": ends, "time_ids": sizes}


@torch.no_grad()
def draw() -> Image.Image:
    cuda = torch.cuda.is_available()
    if RNG != "cpu" and not cuda:
        sys.exit(f"the noise of this picture is what a CUDA device draws (RNG: {RNG.upper()}), and there is none here")
    device = "cuda" if cuda else "mps" if torch.backends.mps.is_available() else "cpu"
    # Noise is drawn, and the scheduler's arithmetic done in float32, on this one.
    where = "cpu" if RNG == "cpu" else device
    pipe, scheduler = open_pipe(device), made_scheduler(where)
    prepare(pipe.unet)
    hidden, added = conditioning(pipe)
    size = 1, pipe.unet.config["in_channels"], HEIGHT // pipe.vae_scale_factor, WIDTH // pipe.vae_scale_factor
    generator = torch.Generator(where).manual_seed(SEED)
    latents = torch.randn(size, generator=generator, device=where) * scheduler.init_noise_sigma
    if ENSD:
        generator = torch.Generator(where).manual_seed(SEED + ENSD)
    noise = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    # torchsde says that it clamps noise levels that lie 1e-7 beyond its path.
    warnings.filterwarnings("ignore", message="Should have t[ab]")
    for t in scheduler.timesteps:
        x = torch.cat([scheduler.scale_model_input(latents, t)] * len(hidden)).to(device, hidden.dtype)
        said = pipe.unet(x, t.to(device, torch.float32), hidden, added_cond_kwargs=added, return_dict=False)[0]
        said = said.float().to(where)
        if CFG > 1:
            said = said[:1] + CFG * (said[1:] - said[:1])
        latents = scheduler.step(said, t, latents, return_dict=False, **noise)[0]
    vae = pipe.vae.to(torch.float32)
    pixels = vae.decode(latents.to(device) / vae.config["scaling_factor"], return_dict=False)[0][0]
    shares = (pixels / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return Image.fromarray((shares * 255).round().astype(np.uint8))


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_suffix(".diffusers.png"))
    draw().save(target)
    print(target)
