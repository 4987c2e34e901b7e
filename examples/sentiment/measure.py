"""What the model card reports: accuracy with intervals, dependence on the batch, speed, and two baselines."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnxruntime
from corpus import Snippet
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from tokenizers import Tokenizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

BATCH = 32
THRESHOLDS = {"all": 0.0, "above 0.5": 0.5, "above 1": 1.0}
"""Name of a subset -> the mean rating, without its sign, that its snippets exceed."""

Judge = Callable[[Sequence[str]], np.ndarray]
"""Texts -> whether each is positive."""


class Classifier:
    """An ONNX form of the model with its tokenizer, on one thread."""

    def __init__(self, model: onnx.ModelProto, tokenizer: Tokenizer) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizer

    def run(self, texts: Sequence[str], outputs: Sequence[str] = ("logits",)) -> list[np.ndarray]:
        """Runs one batch and gives the outputs asked for."""
        encoded = self._tokenizer.encode_batch(list(texts))
        width = max(len(encoding.ids) for encoding in encoded)
        ids = np.zeros((len(encoded), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encoded):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        return self._session.run(list(outputs), {"input_ids": ids, "attention_mask": mask})

    def positive(self, texts: Sequence[str], batch: int = BATCH) -> np.ndarray:
        """Probability that each text is positive, float64 [texts]."""
        logits = [self.run(texts[start : start + batch])[0] for start in range(0, len(texts), batch)]
        margin = np.concatenate([part[:, 1] - part[:, 0] for part in logits]).astype(np.float64)
        return 1 / (1 + np.exp(-margin))

    def judge(self, texts: Sequence[str]) -> np.ndarray:
        """Whether each text is positive."""
        return self.positive(texts) > 0.5


def accuracy(judge: Judge, snippets: Sequence[Snippet]) -> dict[str, dict[str, float]]:
    """Subset -> {n, accuracy, low, high}; the interval is Wilson's at 95 %."""
    right = judge([s.text for s in snippets]) == np.array([s.positive for s in snippets])
    size = np.array([abs(s.rating) for s in snippets])
    report = {}
    for name, threshold in THRESHOLDS.items():
        chosen = right[size > threshold]
        low, high = wilson(int(chosen.sum()), len(chosen))
        report[name] = {
            "n": len(chosen),
            "accuracy": _round(chosen.mean()),
            "low": _round(low),
            "high": _round(high),
        }
    return report


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion (J. Am. Stat. Assoc. 22, 1927)."""
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (centre - half) / (1 + z * z / trials), (centre + half) / (1 + z * z / trials)


def batch_dependence(classifier: Classifier, texts: Sequence[str], seed: int) -> dict[str, float]:
    """Labels that flip and the largest score shift between texts alone, 32 together, and 32 shuffled."""
    alone = classifier.positive(texts, batch=1)
    order = np.random.default_rng(seed).permutation(len(texts))
    shuffled = np.empty_like(alone)
    shuffled[order] = classifier.positive([texts[i] for i in order])
    others = (classifier.positive(texts), shuffled)
    return {
        "flips": int(max(((alone > 0.5) != (other > 0.5)).sum() for other in others)),
        "shift": float(f"{max(np.abs(alone - other).max() for other in others):.1e}"),
    }


def speed(classifier: Classifier, texts: Sequence[str]) -> dict[str, float]:
    """Median milliseconds of one text alone, and texts a second at batch 32, tokenizing included.

    CPU time, not the clock's: with one thread it is what a text costs, whatever else the machine does.
    """
    texts = texts[: 20 * BATCH]
    classifier.positive(texts[:BATCH])
    alone = [_cpu_seconds(lambda text=text: classifier.run([text])) for text in texts]
    together = [
        _cpu_seconds(lambda start=start: classifier.run(texts[start : start + BATCH]))
        for start in range(0, len(texts), BATCH)
    ]
    return {
        "ms": round(statistics.median(alone) * 1e3, 2),
        "per_second": round(BATCH / statistics.median(together)),
    }


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def vader() -> Judge:
    """VADER (Hutto & Gilbert, ICWSM 2014): positive if its compound score is above zero."""
    analyzer = SentimentIntensityAnalyzer()
    return lambda texts: np.array([analyzer.polarity_scores(text)["compound"] > 0 for text in texts])


def bag_of_words(train: Sequence[Snippet], seed: int) -> Judge:
    """TF-IDF of words and pairs with logistic regression; its C is chosen by cross-validation in `train`."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegressionCV(
            Cs=[1, 3, 10, 30, 100],
            cv=5,
            scoring="accuracy",
            max_iter=1000,
            random_state=seed,
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ),
    )
    model.fit([s.text for s in train], [s.positive for s in train])
    return model.predict


def _round(value: float) -> float:
    return round(float(value), 4)
