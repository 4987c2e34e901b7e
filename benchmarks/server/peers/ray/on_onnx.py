"""Ray Serve with dynamic batching (https://docs.ray.io/en/latest/serve/advanced-guides/dyn-req-batch.html)."""

from onnx_text import MAX_BATCH, MAX_DELAY_SECONDS, Classifier
from ray import serve
from serving import run
from starlette.requests import Request


@serve.deployment(num_replicas=1, max_ongoing_requests=4 * MAX_BATCH)
class Sentiment:
    """One text a request."""

    def __init__(self) -> None:
        self.classifier = Classifier()

    @serve.batch(max_batch_size=MAX_BATCH, batch_wait_timeout_s=MAX_DELAY_SECONDS)
    async def classify(self, texts: list[str]) -> list[dict]:
        """A batch."""
        return self.classifier(texts)

    async def __call__(self, request: Request) -> dict:
        """JSON in, JSON out."""
        return await self.classify((await request.json())["text"])


run(Sentiment.bind())
