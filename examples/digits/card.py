"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

_CARD = """\
---
license: apache-2.0
library_name: onnx
tags: [digits, onnx, tabular]
---

# Handwritten digits, 8x8

A small bare ONNX file for Modelyard's `tensor` task: {kilobytes} kB, one hidden layer of {hidden}.

| | name | type | shape | |
|---|---|---|---|---|
| input | `pixels` | float32 | [batch, 64] | 8 rows of 8, 0 (paper) to 16 (ink) |
| output | `label` | int64 | [batch] | the digit |
| output | `probabilities` | float32 | [batch, 10] | of each digit |

## Accuracy

On {n} digits held out of the 1,797 (stratified at random, seed {seed}; {train} to learn from), with Wilson's
95 % interval:

| | accuracy |
|---|---|
{rows}

The writers of the held-out digits also wrote some of those it learned from: a stranger's hand is harder.

## Licences

The digits: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
Repository (test part, as shipped with scikit-learn), CC BY 4.0. These weights: Apache-2.0.
`examples/digits/train.py` makes everything here.
"""


def render(metrics: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    rows = [
        f"| {name} | {report['accuracy']:.3f} ({report['low']:.3f} to {report['high']:.3f}) |"
        for name, report in metrics["accuracy"].items()
    ]
    return _CARD.format(
        kilobytes=metrics["kilobytes"],
        hidden=metrics["hidden"],
        n=metrics["accuracy"]["this model"]["n"],
        seed=metrics["seed"],
        train=metrics["train"],
        rows="\n".join(rows),
    )
