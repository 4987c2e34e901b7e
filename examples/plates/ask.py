"""Serves a plate detector and asks it for the boxes of pictures that it has not learned from.

python ask.py FOLDER…    each FOLDER holds a model.onnx; needs `modelyard-server` (make setup)
"""

import argparse
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from pictures import Box, intersection_over_union, picture

SEED = 7
PICTURES = 5
FOUND = 0.5
"""Overlap from which a plate counts as found."""
PATIENCE = 60
"""Seconds until the server must be ready."""


def main() -> None:
    """Asks each server and prints its boxes with their overlap with what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args().folders:
        print(f"{folder}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environ = {
            **os.environ,
            "MODELYARD_MODEL_DIR": str(folder.resolve()),
            "MODELYARD_HOST": "127.0.0.1",
            "MODELYARD_PORT": str(port),
        }
        with tempfile.TemporaryFile() as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "modelyard_server.cli", "serve"], env=environ, stdout=log, stderr=log
            )
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                    wait(client, server)
                    missed, drawn = ask(client)
            except BaseException:
                log.seek(0)
                print(log.read().decode(errors="replace"), file=sys.stderr)
                raise
            finally:
                server.terminate()
                server.wait()
        # It trained for minutes: a pipeline that works finds most, not all.
        print(f"  {drawn - missed} of {drawn} plates found (an overlap of {FOUND} or more)")
        if missed * 2 >= drawn:
            raise SystemExit(
                f"{missed} of the plates were not found (an overlap of {FOUND} or more): train longer"
            )


def wait(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    """Until the server is ready.

    Raises:
        RuntimeError: It is not in time, or ended.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server is not ready within {PATIENCE} s, or ended: see its log")


def ask(client: httpx.Client) -> tuple[int, int]:
    """Post pictures, print what was found beside what is there; count plates not found, and all."""
    rng = np.random.default_rng(SEED)
    missed = drawn = 0
    for index in range(PICTURES):
        image, plates = picture(rng)
        content = io.BytesIO()
        image.save(content, "JPEG", quality=90)
        answer = client.post(
            "/predict", content=content.getvalue(), headers={"Content-Type": "image/jpeg"}
        ).raise_for_status()
        [prediction] = answer.json()["predictions"]
        boxes = [Box(*found["box"]) for found in prediction["boxes"]]
        print(f"  picture {index + 1}: {len(plates)} drawn, {len(boxes)} found")
        for found, box in zip(prediction["boxes"], boxes, strict=True):
            overlap = max(intersection_over_union(box, plate) for plate in plates)
            places = ", ".join(f"{value:.1f}" for value in box)
            print(f"    {found['label']} {found['score']:.2f} [{places}] IoU {overlap:.2f}")
        drawn += len(plates)
        missed += sum(all(intersection_over_union(box, plate) < FOUND for box in boxes) for plate in plates)
    return missed, drawn


if __name__ == "__main__":
    main()
