"""Writes MLServer's settings and starts it: `serve.py on_onnx|as_documented`.

Adaptive batching: https://docs.seldon.ai/mlserver/user-guide/adaptive-batching. The documented form is the
Hugging Face runtime (https://docs.seldon.ai/mlserver/examples/huggingface).
"""

import json
import os
import socket
import sys
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


port = int(os.environ["BENCH_PORT"])
folder = Path(os.environ["BENCH_FOLDER"]) / "mlserver"
folder.mkdir(exist_ok=True)
server = {
    "debug": False,
    "host": "127.0.0.1",
    "http_port": port,
    "grpc_port": free_port(),
    "metrics_port": free_port(),
    # Its worker processes do not start with its own event loop (uvloop) on this Python.
    "parallel_workers": 0,
}
onnx = {
    "name": "sentiment",
    "implementation": "runtime.OnnxRuntime",
    "max_batch_size": 32,
    "max_batch_time": 0.01,
}
documented = {
    "name": "sentiment",
    "implementation": "mlserver_huggingface.HuggingFaceRuntime",
    "parameters": {
        "extra": {"task": "text-classification", "pretrained_model": os.environ.get("BENCH_CHECKPOINT")}
    },
}
(folder / "settings.json").write_text(json.dumps(server))
model = {"on_onnx": onnx, "as_documented": documented}[sys.argv[1]]
(folder / "model-settings.json").write_text(json.dumps(model))
os.chdir(folder)
os.environ["OMP_NUM_THREADS"] = "1"
program = Path(sys.executable).parent / "mlserver"
os.execv(program, [str(program), "start", "."])
