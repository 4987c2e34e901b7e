"""BentoML with adaptive batching (https://docs.bentoml.com/en/latest/get-started/adaptive-batching.html)."""

import bentoml
from onnx_text import MAX_BATCH, Classifier


@bentoml.service(resources={"cpu": "1"}, workers=1)
class Sentiment:
    """One text a request."""

    def __init__(self) -> None:
        self.classify = Classifier()

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=10_000)
    def predict(self, text: list[str]) -> list[dict]:
        """A batch."""
        return self.classify(text)
