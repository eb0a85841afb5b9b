"""What is trained is what is drawn: captions are encoded as the prompts of the same text."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTextModel, CLIPTokenizer

from models.base.family import CONFIGS
from models.base.prompt.captions import encode_plain
from models.base.prompt.chunks import chunks_of, plain_chunks_of
from models.base.prompt.encoding import encode_prompt
from models.testing.tiny import tiny_text_encoder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
TOKENIZER = CLIPTokenizer.from_pretrained(CONFIGS / "sd15" / "tokenizer")
WORDS = st.sampled_from(["dress", "white blouse", "long hair,", ",", "standing", "from the side,"])


@pytest.fixture(scope="module")
def encoder() -> CLIPTextModel:
    return tiny_text_encoder(vocab_size=49408, bos_token_id=49406, eos_token_id=49407, pad_token_id=49407)


@given(st.lists(WORDS, max_size=200).map(" ".join))
@settings(max_examples=30, deadline=None)
def test_a_caption_is_packed_as_the_prompt_of_its_text(text: str) -> None:
    assert plain_chunks_of(TOKENIZER, text) == [[place.token for place in chunk] for chunk in chunks_of(TOKENIZER, text)]


def test_a_long_caption_is_the_prompt_of_its_text(encoder: CLIPTextModel) -> None:
    text = ", ".join(f"tag {i}" for i in range(60))
    drawn = encode_prompt(TOKENIZER, encoder, text)
    trained = encode_plain(TOKENIZER, encoder, [text])
    assert trained.shape == drawn.shape
    assert drawn.shape[1] == 4 * 77
    assert torch.allclose(trained, drawn, atol=1e-5)


@pytest.mark.parametrize("text", ["", "dress, (white:1.2), [long], BREAK", "dress, " * 37 + "dress"])
def test_a_caption_that_fits_is_what_the_tokenizer_makes_of_it(encoder: CLIPTextModel, text: str) -> None:
    ids = TOKENIZER([text], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    assert torch.equal(encode_plain(TOKENIZER, encoder, [text]), encoder(ids)[0])
