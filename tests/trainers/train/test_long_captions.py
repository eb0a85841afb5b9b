"""Captions of more than 75 tokens: all of them trains, and captions that fit train as if there were no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.base.family import Base
from models.lora.file import read_metadata
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import CAPTION, write_tiny_set
from trainers.testing.training_callback_suite import SHORT
from trainers.train.data.dataset import read_dataset
from trainers.train.data.encoding import Texts, longer_captions
from trainers.train.fingerprint import CHUNKED, fingerprint
from trainers.train.progress import Progress, Trained
from trainers.train.settings.preset import Preset
from trainers.train.settings.request import TrainRequest
from trainers.train.settings.variety import Variety
from trainers.train.train import train

STILL = Variety(shuffle=False, dropout=0.0)


def tags(count: int, last: str = "hat") -> str:
    return ", ".join([*["dress"] * (count - 1), last])


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_tiny_set(tmp_path / "set")


def write(dataset: Path, caption: str) -> Path:
    (dataset / "train/2_dress/0.txt").write_text(caption)
    return dataset


def request(dataset: Path, out: Path, settings: Preset) -> TrainRequest:
    return TrainRequest(dataset, out, "dress", settings, out.parent / "work")


@pytest.mark.parametrize("text_rank", [0, 2])
def test_a_tag_beyond_the_first_chunk_changes_what_is_learnt(dataset: Path, tmp_path: Path, base: Base, text_rank: int) -> None:
    settings = replace(SHORT, text_rank=text_rank, variety=STILL, stored="float32")

    def made(caption: str, name: str) -> Trained:
        return train(request(write(dataset, caption), tmp_path / name, settings), base)

    assert made(tags(100), "a.safetensors").hash != made(tags(100, "shoe"), "b.safetensors").hash


@pytest.mark.parametrize("text_rank", [0, 2])
def test_a_killed_training_ends_with_the_same_file(dataset: Path, tmp_path: Path, base: Base, text_rank: int) -> None:
    write(dataset, tags(200))
    settings = replace(SHORT, text_rank=text_rank, preserve=0.3)
    whole = train(request(dataset, tmp_path / "a/dress.safetensors", settings), base)

    def kill(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    killed = replace(request(dataset, tmp_path / "b/dress.safetensors", settings), checkpoint_seconds=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(killed, base, progress=kill)
    assert train(killed, base).path.read_bytes() == whole.path.read_bytes()


def test_the_file_tells_how_many_tokens_its_captions_had(dataset: Path, tmp_path: Path, base: Base) -> None:
    for caption, told in ((tags(160), "225"), (tags(100), "150"), (CAPTION, None)):
        path = tmp_path / f"{told}.safetensors"
        train(request(write(dataset, caption), path, SHORT), base)
        assert read_metadata(path).get("ss_max_token_length") == told


@pytest.mark.parametrize("trained", [False, True])
@torch.no_grad()
def test_a_caption_means_the_same_beside_longer_ones(base: Base, trained: bool) -> None:
    captions = [CAPTION, tags(100), tags(160), CAPTION]
    together = Texts(base, trained).embed(captions).hidden
    assert together.shape[:2] == (4, 6 * 77), "one, two and three chunks, repeated to six"
    x, t = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(0)), torch.tensor([500])
    for row, caption in zip(together, captions, strict=True):
        alone = Texts(base, trained).embed([caption]).hidden
        beside, by_itself = (base.denoiser(x, t, hidden, return_dict=False)[0] for hidden in (row[None], alone))
        assert torch.allclose(beside, by_itself, atol=1e-5)


def test_what_is_longer_than_a_chunk(base: Base) -> None:
    short, long = (", ".join(["dress"] * count) for count in (75, 76))
    assert longer_captions(base, [short, long, long]) == [long]


def test_only_sets_that_may_fill_several_chunks_train_anew(dataset: Path, tmp_path: Path, base: Base) -> None:
    def differs(caption: str, variety: Variety) -> bool:
        asked = request(write(dataset, caption), tmp_path / "x.safetensors", replace(SHORT, variety=variety))
        read = read_dataset(dataset, base.factor)
        with pytest.MonkeyPatch.context() as patch:
            here = fingerprint(asked, read, base, [], {})
            patch.setattr("trainers.train.fingerprint.CHUNKED", CHUNKED + " otherwise")
            return here != fingerprint(asked, read, base, [], {})

    assert not differs(tags(75), Variety())
    assert differs(tags(76), Variety())
    assert differs(tags(74), Variety(beside=("my face",)))
