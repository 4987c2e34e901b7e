"""BentoML's first service (https://docs.bentoml.com/en/latest/get-started/hello-world.html)."""

import os

import bentoml
import torch
from transformers import pipeline


@bentoml.service(resources={"cpu": "1"})
class Sentiment:
    """One text a request."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.pipeline = pipeline("text-classification", model=os.environ["BENCH_CHECKPOINT"])

    @bentoml.api
    def predict(self, text: str) -> dict:
        """One at a time."""
        return self.pipeline(text)[0]
