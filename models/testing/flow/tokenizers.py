"""Tokenizers of the text encoders that flow-matching bases have, small ones: no vocabulary is shipped for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEXT: Final = "a red hat, a cat, dog, best quality photo of 1girl standing in a pink dress with white shoes, testdress, myface"
TEMPLATE: Final = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}"
)
"""What a chat's turn is put between: the two kinds of bases ask for one that thinks and for one that does not."""
SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def small_qwen_tokenizer() -> PreTrainedTokenizerBase:
    """Qwen's kind, byte-level pairs that were merged on a line of text."""
    from tokenizers import Tokenizer, trainers
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    made: Any = Tokenizer(BPE())
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer: Any = trainers.BpeTrainer
    alphabet = ByteLevel.alphabet()
    made.train_from_iterator([TEXT] * 9, trainer(vocab_size=340, initial_alphabet=alphabet, special_tokens=[*SPECIAL]))
    stored: Any = json.loads(made.to_str())["model"]
    pairs: Any = [tuple(pair) for pair in stored["merges"]]
    tokenizer: PreTrainedTokenizerBase = Qwen2Tokenizer(vocab=stored["vocab"], merges=pairs)
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def small_t5_tokenizer() -> PreTrainedTokenizerBase:
    """T5's kind, of single letters and a few words."""
    from transformers import T5Tokenizer

    words = sorted({f"\u2581{word.strip(',')}" for word in TEXT.split()})
    letters = ["\u2581", *(chr(code) for code in range(33, 127))]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((one, -2.0) for one in words), *((one, -6.0) for one in letters)]
    tokenizer: PreTrainedTokenizerBase = T5Tokenizer(vocab=pieces, extra_ids=0)
    return tokenizer
