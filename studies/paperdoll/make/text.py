"""The lab's tokenizer and text encoder: a CLIPTokenizer over the world's own words and a 3-layer CLIPTextModel.

The encoder is trained alone, before the base: each tag's meaning must be readable by attention from the hidden states, which
is how the UNet will read them, and a name's tags from the name alone. It stays frozen afterwards, so that the base's captions
can be encoded once.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from studies.paperdoll.make.training.data import MIX
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.world import catalogue, palette
from studies.paperdoll.world.captions import Wording, caption, garment_tags, person_tags, shoe_tags
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import ARMS, HAIR_STYLES, MOUTHS, SHAPES, Framing

WIDTH = 96
LENGTH = 77
STEPS = 3500
BATCH = 48
WORDING = Wording(drop=0.15, uncoloured=0.1, named=0.6)
FRAMINGS: tuple[Framing, ...] = tuple(dict.fromkeys(m[0] for m in MIX))

QUESTIONS: dict[str, tuple[str, ...]] = {
    "framing": FRAMINGS,
    "hair": (*(f"{c} hair" for c in palette.HAIR), "hair"),
    "style": HAIR_STYLES,
    "eyes": tuple(f"{c} eyes" for c in palette.EYES),
    "skin": tuple(f"{c} skin" for c in palette.SKIN),
    "mouth": MOUTHS,
    **{mark: (mark,) for mark in ("glasses", "blush", "mole", "freckles", "sitting", "standing", "floor")},
    "pin": tuple(f"{c} {shape} pin" for c in palette.CLOTH for shape in SHAPES),
    **{thing: (*(f"{c} {thing}" for c in palette.CLOTH), thing) for thing in ("dress", "shirt", "skirt", "coat")},
    **{trim: tuple(f"{c} {trim}" for c in palette.CLOTH) for trim in ("straps", "belt", "hem", "collar", "buttons")},
    "emblem": tuple(f"{c} {shape}" for c in palette.CLOTH for shape in SHAPES),
    "pattern": ("dotted", "striped"),
    "sleeves": ("short sleeves", "long sleeves"),
    **{thing: (*(f"{c} {thing}" for c in palette.CLOTH), thing) for thing in ("shoes", "boots", "sandals")},
    **{trim: tuple(f"{c} {trim}" for c in palette.CLOTH) for trim in ("soles", "dots")},
    "arms": ARMS,
    "ground": tuple(f"{c} background" for c in palette.GROUND),
}
"""What each reading head must answer; the last answer of every question is 'not given'."""


def make_tokenizer(out: Path) -> CLIPTokenizer:
    """Byte-pair merges of the world's words in CLIP's own file format: any other word still splits into their pieces."""
    rng = np.random.default_rng(20)
    lines = [caption(random_figure(rng, FRAMINGS[i % len(FRAMINGS)]), rng) for i in range(8000)]
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=1200, initial_alphabet=alphabet, end_of_word_suffix="</w>"))
    merges = [tuple(m) for m in json.loads(bpe.to_str())["model"]["merges"]]
    units = [*alphabet, *(a + "</w>" for a in alphabet), *("".join(m) for m in merges)]
    vocabulary = {unit: i for i, unit in enumerate(dict.fromkeys([*units, "<|startoftext|>", "<|endoftext|>"]))}
    _add_words(vocabulary, merges, catalogue.names())
    folder = out / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n", encoding="utf-8")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=LENGTH)
    tokenizer.save_pretrained(folder)
    opened: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder)
    return opened


def _add_words(vocabulary: dict[str, int], merges: list[tuple[str, ...]], words: list[str]) -> None:
    """Makes every word one token, by merges that come after all others and so change no other word."""
    for word in words:
        pieces = _pieces(word, merges)
        while len(pieces) > 1:
            merges.append((pieces[0], pieces[1]))
            pieces = ["".join(pieces[:2]), *pieces[2:]]
            vocabulary.setdefault(pieces[0], len(vocabulary))


def _pieces(word: str, merges: list[tuple[str, ...]]) -> list[str]:
    """What byte-pair encoding makes of a word: the earliest merge that applies, again and again."""
    rank = {pair: i for i, pair in enumerate(merges)}
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        pairs = [(rank[p], i) for i, p in enumerate(pairwise(pieces)) if p in rank]
        if not pairs:
            return pieces
        _, at = min(pairs)
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]


class Reader(nn.Module):
    """The text encoder and one attention query a question."""

    def __init__(self, encoder: CLIPTextModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.queries = nn.Parameter(torch.randn(len(QUESTIONS), WIDTH) * 0.1)
        self.heads = nn.ModuleList([nn.Linear(WIDTH, len(answers) + 1) for answers in QUESTIONS.values()])

    def forward(self, ids: Tensor) -> list[Tensor]:
        hidden = self.encoder(ids).last_hidden_state
        weights = (hidden @ self.queries.T / WIDTH**0.5).softmax(dim=1)
        read = torch.einsum("btq,btw->bqw", weights, hidden)
        return [head(read[:, i]) for i, head in enumerate(self.heads)]


@cache
def meanings() -> dict[str, tuple[str, ...]]:
    """The tags that each name of the catalogue stands for."""
    people = {name: person_tags(x) for name, x in catalogue.people().items()}
    garments = {name: garment_tags(x) for name, x in catalogue.garments().items()}
    shoes = {name: shoe_tags(x) for name, x in catalogue.shoes().items()}
    return {name: tuple(tags) for name, tags in (people | garments | shoes).items()}


def answers(text: str) -> list[int]:
    """For each question the index of the tag in `text`, by itself or implied by a name, or the last index."""
    words = {tag for word in text.split(", ") for tag in (word, *meanings().get(word, ()))}
    found = []
    for options in QUESTIONS.values():
        hits = [i for i, tag in enumerate(options) if tag in words]
        found.append(hits[0] if hits else len(options))
    return found


def make(out: Path, work: Path, steps: int = STEPS) -> tuple[CLIPTokenizer, CLIPTextModel]:
    torch.manual_seed(1)
    tokenizer = make_tokenizer(out)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        projection_dim=WIDTH,
        hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    reader = Reader(CLIPTextModel(config))
    pool_rng = np.random.default_rng(21)
    pool = [random_figure(pool_rng, FRAMINGS[int(pool_rng.choice(5, p=(0.6, 0.15, 0.1, 0.1, 0.05)))]) for _ in range(20000)]

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((22, step))
        chosen = [pool[int(i)] for i in rng.integers(len(pool), size=BATCH)]
        captions = [caption(f, rng, WORDING) for f in chosen]
        wanted = torch.tensor([answers(text) for text in captions])
        ids = encode(tokenizer, captions)
        return torch.stack([F.cross_entropy(p, wanted[:, i]) for i, p in enumerate(reader(ids))]).mean()

    train(reader, loss, steps=steps, rate=1.5e-3, state=work / "text.pt", weight_decay=0.0)
    reader.encoder.save_pretrained(out / "text_encoder")
    return tokenizer, reader.encoder


def encode(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """(N, 77) token ids, padded as the pipeline pads them."""
    ids: Tensor = tokenizer(captions, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt").input_ids
    return ids
