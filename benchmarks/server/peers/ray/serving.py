"""Starts a Ray of its own on 127.0.0.1 and serves until told to end."""

import os
import signal
import threading

import ray
from ray import serve


def run(application: serve.Application) -> None:
    """Serve one application at `/`."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"]), "access_log": False}
    )
    serve.run(application)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    serve.shutdown()
    ray.shutdown()
