"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

_CARD = """\
---
license: apache-2.0
library_name: onnx
pipeline_tag: image-classification
tags: [road-signs, mobilenet, onnx]
---

# Road signs, {side}x{side}

Tells {labels} road signs apart: torchvision's MobileNetV3-small with a layer of {width} before the last,
trained from random weights; {megabytes:.2f} MB of float32 ONNX. `preprocessor_config.json` says what becomes
of a picture and `config.json` what the labels are, as in any repository of the Hugging Face Hub.

## Accuracy

On pictures drawn with another seed before a photograph that none was learned from, with Wilson's 95 %
interval. It learned from {learned} pictures in {epochs} epochs: {minutes} minutes with the drawing, on
{threads} thread(s) of a machine with two cores.

| pictures | accuracy | found least often |
|---|---|---|
{rows}

*As learned*: signs turned by up to 15 degrees and tilted, at 45 to 95 % of the picture's side, in dim and
coloured light, blurred, noisy, three in ten partly hidden, as JPEGs of quality 40 to 95. *Harsher*: the same,
worse than any picture it learned from.

The signs are drawings, simplified from those of the Vienna Convention: this says nothing of how it does on a
road. A picture without a sign gets a label too.

## Speed

Half of its runs over one picture take {session_p50_us} microseconds or less: ONNX Runtime's session alone,
one thread, on the machine that trained it.

## Licences

The photographs behind the signs ship with scikit-learn and are not in here: china.jpg by danielbuechele and
flower.jpg by vultilion, both CC BY 2.0. The drawings and these weights: Apache-2.0. `examples/signs/train.py`
makes everything here.
"""


def render(metrics: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    rows = []
    for name, report in metrics["accuracy"].items():
        worst = metrics["confused"][name]
        rows.append(
            f"| {name} | {report['accuracy']:.3f} ({report['low']:.3f} to {report['high']:.3f}) "
            f"| {worst['label']}: {worst['share']:.2f}, taken for {worst['taken for']} |"
        )
    return _CARD.format(
        side=metrics["side"],
        labels=metrics["labels"],
        width=metrics["width"],
        megabytes=metrics["megabytes"],
        learned=f"{metrics['learned']:,}",
        epochs=metrics["epochs"],
        minutes=metrics["minutes"],
        threads=metrics["threads"],
        session_p50_us=metrics["session_p50_us"],
        rows="\n".join(rows),
    )
