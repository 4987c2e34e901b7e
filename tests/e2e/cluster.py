"""One ModelDeployment's namespace on the real cluster, as a test sees it."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from demo.kubectl import Kubectl
from demo.shell import CommandError
from demo.targets.base import Target

Resource = dict[str, Any]

OPERATOR = "app.kubernetes.io/name=modelyard-operator"
"""Selects the operator's pods in its own namespace."""


def sentiment(name: str = "sentiment", **spec: Any) -> Resource:
    """The sentiment example, small enough that several revisions fit a two-core machine."""
    base: Resource = {
        "model": {"uri": "s3://models/sentiment", "secretRef": {"name": "artifact-store"}},
        "server": {
            "resources": {
                "requests": {"cpu": "100m", "memory": "256Mi"},
                "limits": {"cpu": "1", "memory": "768Mi"},
            },
            "drainSeconds": 5,
        },
        "scaling": {"minReplicas": 1, "maxReplicas": 3},
        "rollout": {"deadline": "3m"},
    }
    for key, value in spec.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": base,
    }


def condition(resource: Resource, kind: str) -> Resource:
    """A condition of a resource; `status: Unknown` when it is not there."""
    found = [c for c in resource.get("status", {}).get("conditions", []) if c["type"] == kind]
    return found[0] if found else {"type": kind, "status": "Unknown", "reason": "", "message": ""}


class Namespace:
    """kubectl within one namespace."""

    def __init__(self, target: Target, name: str) -> None:
        self.target = target
        self.kubectl: Kubectl = target.kubectl
        self.name = name

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        return self.kubectl(*arguments, "-n", self.name, stdin=stdin)

    def apply(self, *manifests: Resource) -> None:
        self.kubectl.apply(*manifests, namespace=self.name)

    def get(self, kind: str, name: str) -> Resource:
        found: Resource = self.kubectl.get(kind, name, namespace=self.name)
        return found

    def mdep(self, name: str = "sentiment") -> Resource:
        return self.get("mdep", name)

    def ready_pods(self, selector: str) -> list[Resource]:
        """The pods that answer; an autoscaler may just be starting one more, without an address yet."""
        found = self.list("pod", selector)
        return [pod for pod in found if condition(pod, "Ready")["status"] == "True"]

    def list(self, kind: str, selector: str | None = None) -> list[Resource]:
        extra = ["-l", selector] if selector else []
        items: list[Resource] = json.loads(self.run("get", kind, *extra, "-o", "json"))["items"]
        return items

    async def until(
        self, what: str, check: Callable[[], Any], *, within: float = 120, every: float = 0.3
    ) -> Any:
        """What `check` returns, as soon as it is true; an error of kubectl counts as not yet."""
        end = time.monotonic() + within
        last: object = None
        while True:
            try:
                last = await asyncio.to_thread(check)
            except CommandError as error:
                last = error
            else:
                if last:
                    return last
            if time.monotonic() > end:
                raise AssertionError(f"not within {within:.0f} s: {what}; last: {last}\n{self.describe()}")
            await asyncio.sleep(every)

    async def ready(self, name: str = "sentiment", within: float = 180) -> Resource:
        """The resource once it is Ready and nothing is under way for its present generation."""

        def settled() -> Resource | None:
            it = self.mdep(name)
            current = it["status"].get("observedGeneration") == it["metadata"]["generation"]
            done = condition(it, "Reconciling")["status"] != "True"
            return it if current and done and condition(it, "Ready")["status"] == "True" else None

        found: Resource = await self.until(f"{name} is ready", settled, within=within)
        return found

    async def says(
        self, kind: str, status: str, reason: str, name: str = "sentiment", within: float = 120
    ) -> Resource:
        """The condition once it has that status and reason."""

        def match() -> Resource | None:
            found = condition(self.mdep(name), kind)
            return found if (found["status"], found["reason"]) == (status, reason) else None

        found: Resource = await self.until(f"{name} says {kind}={status} {reason}", match, within=within)
        return found

    async def url(self, name: str = "sentiment") -> str:
        """The stable Service as this machine reaches it, once the node's proxy has heard of its endpoints."""
        url = f"http://{self.get('service', name)['spec']['clusterIP']}"

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health", timeout=10).is_success
            except httpx.TransportError:
                return False

        await self.until(f"{url} answers", answers, within=15)
        return url

    def describe(self) -> str:
        """What a person would look at when something is wrong."""
        out = []
        for words in (
            ["get", "mdep", "-o", "yaml"],
            ["get", "deploy,rs,pod,job,hpa,svc", "-o", "wide"],
            ["get", "events", "--sort-by=.lastTimestamp"],
        ):
            try:
                out.append(self.run(*words)[-6000:])
            except CommandError as error:
                out.append(str(error))
        return "\n".join(out)
