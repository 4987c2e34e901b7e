"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

Metrics = Mapping[str, Any]

_HEAD = """\
---
language: en
license: apache-2.0
pipeline_tag: text-classification
library_name: onnx
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [sentiment, onnx, quantized]
---

# Sentiment of English review sentences
"""

_PURPOSE = """\
The example model of Modelyard: a sentence in, `POSITIVE` or `NEGATIVE` out. It is MiniLM-L6 (the weights
of all-MiniLM-L6-v2), fine-tuned on movie review sentences that 15 to 29 people each rated from -4 to 4
(Hutto & Gilbert, *VADER*, ICWSM 2014).

Meant for demonstrations and as a starting point. It knows two labels only, so it says one of them of a
neutral sentence too; it reads at most {max_tokens} tokens; and it has learned from films: see the Amazon
rows for what another domain costs.
"""

_ACCURACY = """\
Share of sentences whose label agrees with the sign of the mean rating, with Wilson's 95 % interval, on
all of them and on those rated further from zero than 0.5 and 1. The movie sentences were held out: no
method saw them in training. None was trained on the Amazon sentences. Nothing in the data says which
review a movie sentence is from, so sentences of one review can stand on both sides of the split.
"""

_BASELINES = """\
VADER's answer is positive if its compound score is above zero; it also has a neutral answer, which these
labels do not know. TF-IDF (words and pairs) with logistic regression learned from the same sentences as
this model.
"""

_FORM = """\
`onnx/model.onnx` is the form *{chosen}*: the smallest whose answers do not depend on the batch and whose
accuracy stays within 0.3 points of float32. Measured on the held-out movie sentences with one thread;
speeds are CPU time, to be compared with each other only. *Batch*: labels that flip, and the largest shift
of a score, between a sentence alone, in a batch of 32, and in a shuffled batch of 32. *fp32*: labels that
differ from the float32 form's.

*Stored*: small on disk, float32 in memory. *MatMulNBits*: weights in blocks with a scale each, activations
quantized row by row, integer arithmetic. *Static QDQ*: int8 weights, activations with scales fixed on
training sentences. From int8 stored on, the embedding tables are int8 with a scale for each row, or 4-bit
where it says so.
"""

_TRAINING = """\
{train} sentences with a mean rating further from zero than {minimum_rating}, after {held_out} of all had
been held out at random (seed {seed}); sentences that differ only in case or signs fall on the same side.
The {unlabelled} rated exactly zero have no label and are left out. The targets are soft,
sigmoid({sharpness} x mean rating), so that people's doubt is part of what is learned. {epochs} epochs,
batches of {batch}, AdamW with weight decay {weight_decay}, learning rate {learning_rate} after a warm-up
over {warm_up:.0%} of the steps, falling linearly to zero. The settings were chosen on a part of the
training sentences, never on those held out; the form was chosen on those held out.

`examples/sentiment/train.py` makes everything here, `metrics.json` and this card included.
"""

_LICENCES = """\
- These weights: Apache-2.0, like all-MiniLM-L6-v2 that they come from (itself from MiniLM, MIT);
  tokenizer and vocabulary likewise.
- The rated sentences: in the source distribution of vaderSentiment 0.5, MIT licence, (c) 2014 C.J. Hutto.
  They were used for training and are not part of this repository.
"""


def render(metrics: Metrics) -> str:
    """The card as Markdown."""
    return "\n".join(
        [
            _HEAD,
            _PURPOSE.format(max_tokens=metrics["max_tokens"]),
            "## Accuracy\n",
            _ACCURACY,
            _accuracy_table(metrics),
            _BASELINES,
            "## Form\n",
            _FORM.format(chosen=metrics["chosen"]),
            _form_table(metrics),
            "## Training\n",
            _TRAINING.format(
                **metrics["data"], **{k: v for k, v in metrics["settings"].items() if k != "seed"}
            ),
            "## Licences\n",
            _LICENCES,
        ]
    )


def _accuracy_table(metrics: Metrics) -> str:
    subsets = list(next(iter(next(iter(metrics["accuracy"].values())).values())))
    lines = ["| | | " + " | ".join(subsets) + " |", "|---|---|" + "---|" * len(subsets)]
    for corpus, methods in metrics["accuracy"].items():
        sizes = " | ".join(str(subset["n"]) for subset in next(iter(methods.values())).values())
        lines.append(f"| **{corpus}** | *sentences* | {sizes} |")
        for method, report in methods.items():
            cells = (f"{s['accuracy']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for s in report.values())
            lines.append(f"| | {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _form_table(metrics: Metrics) -> str:
    lines = [
        "| form | MB | accuracy | flips: batch | shift: batch | flips: fp32 | ms, one | sentences/s at 32 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, form in metrics["forms"].items():
        label = f"**{name}**" if name == metrics["chosen"] else name
        lines.append(
            f"| {label} | {form['megabytes']:.1f} | {form['accuracy']:.4f} | {form['batch']['flips']} "
            f"| {_shift(form['batch']['shift'])} | {form['flips_fp32']} | {form['speed']['ms']:.2f} "
            f"| {form['speed']['per_second']} |"
        )
    return "\n".join(lines) + "\n"


def _shift(value: float) -> str:
    return f"{value:.0e}" if value else "0"
