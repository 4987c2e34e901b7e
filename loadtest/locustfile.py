"""The scenarios for Locust: the shapes and items of `k6/scenarios.json`.

    SCENARIO=sentiment locust -f loadtest/locustfile.py --headless -H http://127.0.0.1:8080

SCENARIO, SHORT, CACHE_RATE, TOKEN, TEXTS, URLS and PICTURES mean what they mean to `k6/predict.js`.
"""

# ruff: noqa: S311 - nothing here is a secret

import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant, task

HOT = 10
"""Items that are asked again and again."""
SIDE = 64
THINGS = ("film", "book", "meal", "room", "phone", "song", "trip", "game", "coat", "lamp", "course", "bank")
VERDICTS = ("wonderful", "dreadful", "a delight", "a waste of time", "well made", "broken", "dull", "superb")

SCENARIO = json.loads((Path(__file__).parent / "k6" / "scenarios.json").read_text())[
    os.environ.get("SCENARIO", "sentiment")
]
STAGES = SCENARIO["short" if os.environ.get("SHORT") == "1" else "stages"]
CACHE_RATE = float(os.environ.get("CACHE_RATE", SCENARIO["cacheRate"]))

Body = tuple[bytes, str]


class Shape(LoadTestShape):
    """The number of users goes evenly from stage to stage."""

    def tick(self) -> tuple[int, float] | None:
        """How many users there are now, and how many may come a second; None: the load is over."""
        elapsed, before, began = self.get_run_time(), SCENARIO["start"], 0
        for stage in STAGES:
            part = (elapsed - began) / stage["seconds"]
            if part < 1:
                return max(1, round(before + part * (stage["users"] - before))), 100
            began, before = began + stage["seconds"], stage["users"]
        return None


def _lines(name: str) -> list[str]:
    return [line.strip() for line in Path(name).read_text().splitlines() if line.strip()]


def _texts() -> Callable[[int, bool], Body]:
    known = _lines(os.environ["TEXTS"]) if "TEXTS" in os.environ else None

    def body(number: int, hot: bool) -> Body:
        if known is None:
            text = f"The {THINGS[number % 12]} of number {number} was {VERDICTS[number // 12 % 8]}"
        else:
            text = known[number % len(known)] + ("" if hot else f" {number}")
        return json.dumps({"text": [text]}).encode(), "application/json"

    return body


def _addresses() -> Callable[[int, bool], Body]:
    known = _lines(os.environ["URLS"])

    def body(number: int, _: bool) -> Body:
        address = known[number % len(known)].replace("{n}", str(number))
        return json.dumps({"image": [address]}).encode(), "application/json"

    return body


def _pictures() -> Callable[[int, bool], Body]:
    names = os.environ.get("PICTURES")
    known = [Path(name).read_bytes() for name in names.split(",")] if names else None

    def body(number: int, hot: bool) -> Body:
        if known is None:
            return drawn(number), "image/bmp"
        picture = known[number % len(known)]
        # Bytes after a picture's end leave it as it is, and its file is another one for a cache.
        return picture if hot else picture + struct.pack(">Q", number), "application/octet-stream"

    return body


def drawn(number: int) -> bytes:
    """A picture of random pixels: BMP, which needs neither compression nor a checksum."""
    pixels = random.Random(number).randbytes(3 * SIDE * SIDE)
    head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, 24, 0, 0, 0, 0, 0, 0) + pixels


if "URLS" in os.environ:
    body_of = _addresses()
elif SCENARIO["payload"] == "text":
    body_of = _texts()
else:
    body_of = _pictures()


class Person(FastHttpUser):
    """Asks, waits for the answer, and asks again, at once or after the scenario's pause."""

    wait_time = constant(SCENARIO.get("pause", 0))

    @task
    def predict(self) -> None:
        """One request."""
        hot = random.random() < CACHE_RATE
        number = random.randrange(HOT) if hot else random.randrange(HOT, 10**15)
        content, kind = body_of(number, hot)
        headers: dict[str, Any] = {"Content-Type": kind}
        if "TOKEN" in os.environ:
            headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
        with self.client.post("/predict", data=content, headers=headers, catch_response=True) as answer:
            if answer.status_code != 200 or not answer.text.startswith('{"predictions":['):
                answer.failure(f"no prediction: {answer.status_code}")
