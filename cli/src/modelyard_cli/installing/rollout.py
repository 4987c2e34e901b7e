"""Waiting until a Deployment runs what it says."""

import asyncio
from collections.abc import Awaitable, Callable

from modelyard_cli.errors import CliError
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.objects import Manifest

POLL_SECONDS = 0.5


def problem(deployment: Manifest) -> str | None:
    """What is missing; None: all of its pods are of the newest form, and ready."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return "the cluster has not looked at it yet"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < wanted or status.get("replicas", 0) > wanted:
        failed = [
            each["message"]
            for each in status.get("conditions", [])
            if each["type"] == "ReplicaFailure" and each["status"] == "True"
        ]
        return failed[0] if failed else f"{available} of {wanted} pods are ready"
    return None


async def until_ready(
    client: Client,
    namespace: str,
    name: str,
    seconds: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Wait for a Deployment.

    Raises:
        CliError: It is not ready in time; the message says what its pods wait for.
        ApiError: It can't be read.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + seconds
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    while (words := problem(await client.get(path))) is not None:
        if clock() >= ends:
            why = await _waiting(client, namespace, name)
            raise CliError(f"{name} in {namespace} is not ready within {seconds:g} s: {words}{why}")
        await sleep(POLL_SECONDS)


async def _waiting(client: Client, namespace: str, name: str) -> str:
    selector = {"labelSelector": f"app.kubernetes.io/name={name}"}
    pods = (await client.get(f"/api/v1/namespaces/{namespace}/pods", **selector))["items"]
    for pod in pods:
        for each in pod.get("status", {}).get("containerStatuses", []):
            waiting = each["state"].get("waiting")
            if waiting:
                return f"; {pod['metadata']['name']}: {waiting['reason']}: {waiting.get('message', '')}"
        for each in pod.get("status", {}).get("conditions", []):
            if each["type"] == "PodScheduled" and each["status"] == "False":
                return f"; {pod['metadata']['name']}: {each.get('message', '')}"
    return ""
