"""LitServe with batching (https://lightning.ai/docs/litserve/features/batching)."""

import os

import litserve as ls
from onnx_text import MAX_BATCH, MAX_DELAY_SECONDS, Classifier


class API(ls.LitAPI):
    """One text a request."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load."""
        self.classify = Classifier()

    def decode_request(self, request: dict) -> str:
        """One text."""
        return request["text"]

    def batch(self, inputs: list[str]) -> list[str]:
        """As they are."""
        return inputs

    def predict(self, texts: list[str]) -> list[dict]:
        """A batch."""
        return self.classify(texts)

    def unbatch(self, output: list[dict]) -> list[dict]:
        """As they are."""
        return output

    def encode_response(self, output: dict) -> dict:
        """JSON."""
        return output


if __name__ == "__main__":
    api = API(max_batch_size=MAX_BATCH, batch_timeout=MAX_DELAY_SECONDS)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), generate_client_file=False, log_level="warning"
    )
