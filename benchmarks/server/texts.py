"""Texts of the length of a short review, made of words that the tokenizer knows whole."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

SHORTEST, LONGEST = 8, 20
"""Words of a text; with the two that the tokenizer adds, 16 tokens on average."""


def vocabulary(tokenizer: Path) -> list[str]:
    """The plain words that a `tokenizer.json` knows."""
    known = json.loads(tokenizer.read_text())["model"]["vocab"]
    return sorted(word for word in known if word.isascii() and word.isalpha() and len(word) > 2)


def texts(words: list[str], seed: int) -> Iterator[str]:
    """Texts without end, another series for each seed."""
    chance = random.Random(seed)
    while True:
        yield " ".join(chance.choices(words, k=chance.randint(SHORTEST, LONGEST)))
