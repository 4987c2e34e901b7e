"""LitServe's Hugging Face example (https://lightning.ai/docs/litserve/home)."""

import os

import litserve as ls
import torch
from transformers import pipeline


class HuggingFaceLitAPI(ls.LitAPI):
    """One text a request."""

    def setup(self, device: str) -> None:
        """Load."""
        torch.set_num_threads(1)
        self.pipeline = pipeline("text-classification", model=os.environ["BENCH_CHECKPOINT"], device=device)

    def decode_request(self, request: dict) -> str:
        """One text."""
        return request["text"]

    def predict(self, text: str) -> list[dict]:
        """One at a time."""
        return self.pipeline(text)

    def encode_response(self, output: list[dict]) -> dict:
        """JSON."""
        return output[0]


if __name__ == "__main__":
    server = ls.LitServer(HuggingFaceLitAPI(), accelerator="cpu")
    server.run(
        host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), generate_client_file=False, log_level="warning"
    )
