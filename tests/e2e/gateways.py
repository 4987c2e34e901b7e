"""Deployments behind a gateway, and what people tell their rollouts."""

import asyncio
import secrets

import httpx

from demo.targets.base import Ingress
from tests.e2e.cluster import Namespace, Resource
from tests.e2e.test_rollout import generation


def behind(way: Ingress, n: int, *steps: Resource, mode: str = "auto") -> Resource:
    """The n-th revision behind a gateway."""
    routing = {
        "mode": mode,
        "hosts": [way.host],
        "gateway": {"namespace": way.namespace, "name": way.gateway},
    }
    return generation(n, routing=routing, rollout={"deadline": "3m", "steps": list(steps)})


async def open_for(namespace: Namespace, way: Ingress) -> dict[str, str]:
    """The headers that reach the deployment, once the gateway lets them through."""
    headers = {"host": way.host}

    def answers() -> bool:
        try:
            return httpx.get(f"{way.url}/health", headers=headers, timeout=10).is_success
        except httpx.TransportError:
            return False

    await namespace.until(f"{way.url} answers for {way.host}", answers, within=60)
    return headers


async def at_weight(namespace: Namespace, weight: int) -> str:
    """The candidate once the live route is seen to give it its weight."""

    def seen() -> str | None:
        status = namespace.mdep()["status"]
        rollout = status["rollout"]
        there = rollout.get("weight") == weight and rollout.get("stepSeenAt")
        return status["candidateRevision"] if there else None

    candidate: str = await namespace.until(f"the candidate has {weight} %", seen, within=180)
    return candidate


async def command(namespace: Namespace, verb: str, revision: str) -> None:
    """A one-shot command, as the command line writes it."""
    text = f"modelyard.dev/command={verb}@{revision}#{secrets.token_hex(4)}"
    await asyncio.to_thread(namespace.run, "annotate", "--overwrite", "mdep", "sentiment", text)
