"""Chunks, emphasis and textual inversions as A1111 makes them, on the lab's encoder and on tiny ones in SDXL's shape."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from models.base.family import CONFIGS
from models.base.prompt.chunks import CHUNK, Place, chunks_of
from models.base.prompt.encoding import encode_prompt, encode_xl, hidden_states
from models.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
TOKENIZER = CLIPTokenizer.from_pretrained(CONFIGS / "sd15" / "tokenizer")
PADS_OTHERWISE = CLIPTokenizer.from_pretrained(CONFIGS / "sd15" / "tokenizer", pad_token="!")
WIDTH = 32


def config(width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=width,
        projection_dim=width,
        num_hidden_layers=3,
        num_attention_heads=2,
        bos_token_id=49406,
        eos_token_id=49407,
        pad_token_id=49407,
    )


@pytest.fixture(scope="module")
def encoder() -> CLIPTextModel:
    torch.manual_seed(0)
    return CLIPTextModel(config(WIDTH)).requires_grad_(False)


@pytest.fixture(scope="module")
def second() -> CLIPTextModelWithProjection:
    torch.manual_seed(1)
    return CLIPTextModelWithProjection(config(2 * WIDTH)).requires_grad_(False)


def ids(text: str) -> list[int]:
    return list(TOKENIZER(text, add_special_tokens=False).input_ids)


def vectors_of(encoder: CLIPTextModel | CLIPTextModelWithProjection, text: str) -> torch.Tensor:
    found: torch.Tensor = encoder.get_input_embeddings()(torch.tensor(ids(text)))
    return found


def tokens(chunk: list[Place]) -> list[int]:
    return [place.token for place in chunk]


def sizes(text: str) -> list[int]:
    return [len(chunk) for chunk in chunks_of(TOKENIZER, text)]


def test_what_follows_a_near_comma_moves_to_the_next_chunk() -> None:
    assert sizes("cat " * 75) == [75]
    assert sizes("cat " * 76) == [75, 1]
    assert sizes("cat " * 60 + ", " + "dog " * 20) == [61, 20]
    assert sizes("cat " * 54 + ", " + "dog " * 30) == [75, 10], "the comma stands 21 tokens from the end"
    assert sizes("cat " * 55 + ", " + "dog " * 30) == [56, 30]
    assert sizes("cat " * 75 + ", dog") == [75, 2], "a comma that comes to a full chunk begins the next"


def test_break_ends_a_chunk_wherever_it_stands() -> None:
    assert sizes("cat BREAK dog dog") == [1, 2]
    assert sizes("BREAK cat") == [0, 1]
    assert sizes("cat BREAK") == [1]
    assert sizes("") == [0]


@given(st.lists(st.sampled_from(["cat", ",", "(dog:1.3)", "[sun]", "unmistakably"]), max_size=200))
def test_no_token_is_lost_or_moved_past_another(words: list[str]) -> None:
    chunks = chunks_of(TOKENIZER, " ".join(words))
    plain = " ".join(words).replace("(dog:1.3)", "dog").replace("[sun]", "sun")
    assert [token for chunk in chunks for token in tokens(chunk)] == ids(plain)
    assert all(len(chunk) <= CHUNK for chunk in chunks)


@pytest.mark.parametrize("clip_skip", [1, 2])
@pytest.mark.parametrize("prompt", ["a cat, a dog", "(a cat:1.0), a dog BREAK sun"])
def test_weight_one_everywhere_is_the_plain_encoding_bit_for_bit(encoder: CLIPTextModel, prompt: str, clip_skip: int) -> None:
    chunks = chunks_of(TOKENIZER, prompt)
    said = encode_prompt(TOKENIZER, encoder, prompt, clip_skip=clip_skip)
    rows = [[49406, *tokens(chunk), *[49407] * (76 - len(chunk))] for chunk in chunks]
    plain = [hidden_states(encoder, torch.tensor([row]), clip_skip) for row in rows]
    assert torch.equal(said, torch.cat(plain, dim=1))


def test_emphasis_multiplies_and_restores_the_mean_of_each_chunk(encoder: CLIPTextModel) -> None:
    plain = encode_prompt(TOKENIZER, encoder, "a red cat")
    strong = encode_prompt(TOKENIZER, encoder, "a (red:1.4) cat")
    factor = torch.ones(77)
    factor[2] = 1.4
    lifted = plain * factor[None, :, None]
    assert torch.allclose(strong, lifted * plain.mean() / lifted.mean(), atol=1e-6)


def test_an_embedding_counts_as_its_vectors_and_is_never_split() -> None:
    vectors = torch.randn(30, WIDTH)
    chunks = chunks_of(TOKENIZER, "cat " * 50 + "(ng_deep:1.3) dog", {"ng_deep": vectors})
    assert [len(chunk) for chunk in chunks] == [50, 31]
    assert all(
        torch.equal(place.vector, vector)
        for place, vector in zip(chunks[1][:30], vectors, strict=True)
        if place.vector is not None
    )
    assert {place.weight for place in chunks[1][:30]} == {1.3}
    assert chunks[1][30].vector is None
    with pytest.raises(InputError, match="76 vectors"):
        chunks_of(TOKENIZER, "cat", {"long": torch.zeros(76, WIDTH)})


def test_of_two_names_the_longer_is_found_in_any_case() -> None:
    held = {"my": torch.zeros(1, WIDTH), "my style": torch.ones(2, WIDTH)}
    chunk = chunks_of(TOKENIZER, "a MY Style my", held)[0]
    assert [None if place.vector is None else float(place.vector[0]) for place in chunk] == [None, 1, 1, 0]


def test_the_encoder_sees_the_vectors_and_forgets_them(encoder: CLIPTextModel) -> None:
    held = {"mycat": vectors_of(encoder, "cat")}
    plain = encode_prompt(TOKENIZER, encoder, "a cat")
    assert torch.allclose(encode_prompt(TOKENIZER, encoder, "a mycat", embeddings=held), plain, atol=1e-6)
    other = encode_prompt(TOKENIZER, encoder, "a mycat", embeddings={"mycat": torch.randn(1, WIDTH)})
    assert not torch.allclose(other, plain, atol=1e-3)
    assert torch.equal(encode_prompt(TOKENIZER, encoder, "a cat"), plain)
    with pytest.raises(InputError, match="64 wide"):
        encode_prompt(TOKENIZER, encoder, "a cat", embeddings={"xl": torch.zeros(1, 64)})


def test_sdxl_takes_the_last_layer_but_one_of_both_and_the_projected_end(
    encoder: CLIPTextModel, second: CLIPTextModelWithProjection
) -> None:
    towers = (TOKENIZER, PADS_OTHERWISE), (encoder, second)
    prompt = "a cat BREAK a dog"
    hidden, pooled = encode_xl(*towers, prompt)
    assert hidden.shape == (1, 154, 3 * WIDTH)
    assert pooled.shape == (1, 2 * WIDTH)
    row = [49406, *ids("a cat"), 49407]
    left = encoder(torch.tensor([row + [49407] * 73]), output_hidden_states=True)
    right = second(torch.tensor([row + [PADS_OTHERWISE.pad_token_id] * 73]), output_hidden_states=True)
    assert PADS_OTHERWISE.pad_token_id == 0
    assert torch.equal(hidden[:, :77], torch.cat([left.hidden_states[-2], right.hidden_states[-2]], dim=-1))
    assert torch.equal(pooled, right.text_embeds)


def test_sdxl_emphasis_leaves_the_pooled_state_and_an_empty_negative_prompt_is_nothing(
    encoder: CLIPTextModel, second: CLIPTextModelWithProjection
) -> None:
    towers = (TOKENIZER, PADS_OTHERWISE), (encoder, second)
    plain, strong = encode_xl(*towers, "a cat"), encode_xl(*towers, "a (cat:1.5)")
    assert torch.equal(plain[1], strong[1])
    assert not torch.allclose(plain[0], strong[0], atol=1e-3)
    assert not any(part.any() for part in encode_xl(*towers, "", negative=True))
    assert encode_xl(*towers, "")[0].any()
    held = tuple({"mycat": vectors_of(tower, "cat")} for tower in (encoder, second))
    inverted = encode_xl(*towers, "a mycat", embeddings=(held[0], held[1]))
    assert all(torch.allclose(part, same, atol=1e-6) for part, same in zip(inverted, plain, strict=True))
