"""The model card, written from `metrics.json` alone: the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

_CARD = """\
---
license: apache-2.0
library_name: onnx
tags: [tabular-classification, scikit-learn, onnx]
---

# Malignant or benign, from measures of cells

The table example of Modelyard: {kilobytes} kB. Thirty measures of the cell nuclei in one picture of a needle
biopsy in, `malignant` or `benign` with probabilities out. A scikit-learn pipeline (standard scaling, logistic
regression) exported with skl2onnx; `modelyard.json` names the columns, what they measure and a usual value of
each.

**For demonstrations only.** It has learned from some of 569 pictures of one hospital, measured with a program
of the early 1990s. It diagnoses nobody.

## How often it is right

On {held_out} pictures held out at random (stratified, seed {seed}; {malignant} of them malignant, {train} to
learn from), with Wilson's 95 % interval:

| | accuracy | malignant found | benign found | area under ROC | Brier score |
|---|---|---|---|---|---|
{rows}

*Found*: share of the class that gets more than 0.5. The Brier score is the mean squared error of the
probability: smaller is better. The strength of the regularisation (C = {strength:g}) was chosen by
cross-validation among the rows to learn from. With so few rows held out, the intervals say more than the
shares: it is not known to be better than the forest.

## Licences

The measures: W. Wolberg, O. Mangasarian, N. Street and W. Street, *Breast Cancer Wisconsin (Diagnostic)*, UCI
Machine Learning Repository (1995), as shipped with scikit-learn, CC BY 4.0. These weights: Apache-2.0.
`examples/tabular/train.py` makes everything here.
"""


def render(metrics: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    rows = [
        f"| {name} | {_share(report['accuracy'])} | {_share(report['malignant found'])} "
        f"| {_share(report['benign found'])} | {report['auc']:.3f} | {report['brier']:.3f} |"
        for name, report in metrics["methods"].items()
    ]
    return _CARD.format(rows="\n".join(rows), **{k: v for k, v in metrics.items() if k != "methods"})


def _share(report: Mapping[str, float]) -> str:
    return f"{report['share']:.3f} ({report['low']:.3f} to {report['high']:.3f})"
