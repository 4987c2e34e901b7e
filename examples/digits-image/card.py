"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

_CARD = """\
---
license: apache-2.0
library_name: onnx
pipeline_tag: image-classification
tags: [digits, onnx]
---

# Pictures of handwritten digits

Tells which digit a picture shows: {kilobytes} kB of ONNX, one hidden layer of {hidden}. `modelyard.json`
beside it says what becomes of a picture: grey, resized to {side} by {side} pixels, 0 to 1.

It knows one upright digit of dark ink on light paper that fills the picture. Light ink on dark paper, or a
digit in a corner of a page, it has never seen.

## Accuracy

On {n} digits held out of the 1,797 (stratified at random, seed {seed}), drawn as pictures of 64 to 160 pixels
a side, with Wilson's 95 % interval. It learned from the other {train}, each drawn {drawn} times and {copies}
of these turned, moved and scaled a little: {seconds} s on two cores.

| | accuracy |
|---|---|
{rows}

The pictures are scaled up from 8 by 8 pixels, for that is what the data set has. The writers of the held-out
digits also wrote some of those it learned from: a stranger's hand is harder.

## Licences

The digits: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
Repository (test part, as shipped with scikit-learn), CC BY 4.0. These weights: Apache-2.0.
`examples/digits-image/train.py` makes everything here.
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
        side=metrics["side"],
        n=metrics["accuracy"]["this model, PNG"]["n"],
        seed=metrics["seed"],
        train=f"{metrics['train']:,}",
        drawn=metrics["copies"] + 1,
        copies=metrics["copies"],
        seconds=metrics["seconds"],
        rows="\n".join(rows),
    )
