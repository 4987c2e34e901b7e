"""The plain design: FastAPI, pydantic, fastapi-cache on Redis, and a transformers pipeline.

fastapi-cache2 keeps no answers of routes other than GET, so what is cached is the function behind the route
(https://github.com/long2ice/fastapi-cache#usage).
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import torch
import uvicorn
from fastapi import FastAPI
from fastapi_cache import FastAPICache
from fastapi_cache.backends.redis import RedisBackend
from fastapi_cache.decorator import cache
from pydantic import BaseModel
from redis import asyncio as aioredis
from transformers import pipeline

torch.set_num_threads(1)
classifier = pipeline("text-classification", model=os.environ["BENCH_CHECKPOINT"], device=-1, top_k=None)


class Texts(BaseModel):
    """A request."""

    text: list[str]


class Score(BaseModel):
    """A label and its score."""

    label: str
    score: float


class Predictions(BaseModel):
    """An answer."""

    predictions: list[list[Score]]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect to Redis."""
    FastAPICache.init(RedisBackend(aioredis.from_url(os.environ["BENCH_REDIS"])), prefix="cache")
    yield


app = FastAPI(lifespan=lifespan)


@cache(expire=180)
def classify(text: list[str]) -> Predictions:
    """Run in the thread pool when the answer is not in Redis."""
    return Predictions(predictions=classifier(text))


@app.post("/predict", response_model=Predictions)
async def predict(request: Texts) -> Predictions:
    """The route."""
    return await classify(text=request.text)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), access_log=False)
