"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

_CARD = """\
---
language: en
license: apache-2.0
pipeline_tag: sentence-similarity
library_name: onnx
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [embedding, onnx, quantized]
---

# Vectors of English sentences

The embedding example of Modelyard: a text in, {width} numbers of length 1 out. Texts that mean the same have
a cosine near 1. It is all-MiniLM-L6-v2, weights unchanged but for the bits they are stored in, laid out as
sentence-transformers does: `modules.json` and `1_Pooling` say that tokens are averaged and vectors scaled.
It reads {max_tokens} tokens of a text, and it knows English.

## Form

`onnx/model.onnx` is the form *{chosen}*: of those below 20 MB whose answers do not depend on the
batch, the one that stays nearest to the original. Measured on {held_out} held-out movie review sentences, on
one thread; speeds are CPU time, to be compared with each other only.

*Cosine*: between this form's vector and the one that sentence-transformers gives with the float32 weights.
*Neighbours*: how many of a sentence's {neighbours} nearest stay among them. *Probe*: accuracy of a logistic
regression that learned from the original's vectors of {train} other sentences whether people rated them
positive ({original:.4f} on the original's vectors): what a model that was trained on the original loses.
*Batch*: the largest shift of a number between a sentence alone, in a batch of 32, and in a shuffled batch of
32.

| form | MB | cosine, mean | cosine, least | neighbours | probe | shift: batch | ms, one | sentences/s at 32 |
|---|---|---|---|---|---|---|---|---|
{rows}

*Stored*: small on disk, float32 in memory. *MatMulNBits*: weights in blocks with a scale each, activations
quantized row by row, integer arithmetic. The table of words is int8 with a scale a row, or 4-bit where it
says so.

Vectors of different forms should not be mixed in one index: embed all of it with one.

## Licences

These weights: Apache-2.0, like all-MiniLM-L6-v2 that they come from (itself from MiniLM, MIT); tokenizer and
vocabulary likewise. The sentences: in the source distribution of vaderSentiment 0.5, MIT licence, (c) 2014
C.J. Hutto; they are not part of this repository. `examples/embedding/train.py` makes everything here.
"""


def render(metrics: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    rows = []
    for name, form in metrics["forms"].items():
        label = f"**{name}**" if name == metrics["chosen"] else name
        rows.append(
            f"| {label} | {form['megabytes']:.1f} | {form['cosine']['mean']:.4f} "
            f"| {form['cosine']['least']:.4f} | {form['neighbours']:.3f} | {form['probe']:.4f} "
            f"| {_shift(form['shift'])} | {form['speed']['ms']:.2f} | {form['speed']['per_second']} |"
        )
    return _CARD.format(
        width=metrics["width"],
        max_tokens=metrics["max_tokens"],
        chosen=metrics["chosen"],
        held_out=metrics["held_out"],
        train=metrics["train"],
        neighbours=metrics["neighbours"],
        original=metrics["probe"]["sentence-transformers"],
        rows="\n".join(rows),
    )


def _shift(value: float) -> str:
    return f"{value:.0e}" if value else "0"
