"""Ray Serve's first example (https://docs.ray.io/en/latest/serve/getting_started.html)."""

import os

import torch
from ray import serve
from serving import run
from starlette.requests import Request
from transformers import pipeline


@serve.deployment(num_replicas=1)
class Sentiment:
    """One text a request."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.model = pipeline("text-classification", model=os.environ["BENCH_CHECKPOINT"])

    def classify(self, text: str) -> dict:
        """One at a time."""
        return self.model(text)[0]

    async def __call__(self, request: Request) -> dict:
        """JSON in, JSON out."""
        return self.classify((await request.json())["text"])


run(Sentiment.bind())
