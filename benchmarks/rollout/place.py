"""A namespace of the benchmark's own on a cluster with gateways, and the deployments in it."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
from kubernetes import client, config

from benchmarks.rollout.candidates import failing
from demo.rollout import MODEL, WORSE, variants
from demo.shell import CommandError
from demo.targets.base import Ingress, Target

Raw = dict[str, Any]
T = TypeVar("T")

NAMESPACE = "bench-rollout"
FAILING = "sentiment-failing"
MODES = ("istio", "gateway")
PATIENCE = 180.0
_API = ("modelyard.dev", "v1alpha1")


class Place:
    """The namespace."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.kubectl = target.kubectl
        kubeconfig = None if self.kubectl.kubeconfig is None else str(self.kubectl.kubeconfig)
        api = config.new_client_from_config(config_file=kubeconfig, context=self.kubectl.context)
        self._api = client.CustomObjectsApi(api)

    @contextmanager
    def made(self, folder: Path) -> Iterator["Place"]:
        """With the namespace and the models in it; it goes when the context ends."""
        with suppress(CommandError):
            self.kubectl("delete", "namespace", NAMESPACE, "--wait=true", "--timeout=120s")
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        bad = failing(MODEL, folder / FAILING / "model")
        models = [MODEL, *(each for each in variants(folder) if each.parent.name == WORSE), bad]
        self.kubectl.apply(self.target.store(models), namespace=NAMESPACE)
        try:
            yield self
        finally:
            with suppress(CommandError):
                self.kubectl("delete", "namespace", NAMESPACE, "--wait=false")

    def way(self, name: str, mode: str) -> Ingress:
        """The gateway of a mode."""
        return self.target.ingress(name, NAMESPACE, gateway_api=mode == "gateway")

    def apply(self, resource: Raw) -> None:
        """Write a deployment."""
        self.kubectl.apply(resource, namespace=NAMESPACE)

    def remove(self, name: str) -> None:
        """Take a deployment away, and wait until its pods are gone."""
        self.kubectl("delete", "mdep", name, "-n", NAMESPACE, "--ignore-not-found")
        selector = f"modelyard.dev/deployment={name}"
        self.kubectl("wait", "--for=delete", "pod", "-l", selector, "-n", NAMESPACE, "--timeout=120s")

    def status(self, name: str) -> Raw:
        """As it stands now."""
        found: Raw = self._api.get_namespaced_custom_object(*_API, NAMESPACE, "modeldeployments", name)
        status: Raw = found.get("status", {})
        return status | {"generation": found["metadata"]["generation"]}

    def command(self, name: str, verb: str, revision: str) -> float:
        """Give a command.

        Returns:
            When its write began, in monotonic seconds.
        """
        text = f"{verb}@{revision}#{secrets.token_hex(4)}"
        body = {"metadata": {"annotations": {"modelyard.dev/command": text}}}
        begin = time.monotonic()
        self._api.patch_namespaced_custom_object(*_API, NAMESPACE, "modeldeployments", name, body)
        return begin

    def rested(self, name: str) -> str:
        """The stable revision, once no rollout is under way."""

        def rests() -> str | None:
            status = self.status(name)
            current = status.get("observedGeneration") == status["generation"]
            idle = status.get("rollout", {}).get("phase") == "Idle"
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
            done = current and idle and ready and not status.get("candidateRevision")
            return status.get("stableRevision") if done else None

        return until(f"{name} rests", rests, lambda: self.status(name).get("rollout"))

    def observed(self, name: str, field: str, value: int) -> str:
        """The candidate, once its step's `weight` or `shadow` is seen to flow."""

        def flows() -> str | None:
            status = self.status(name)
            rollout = status.get("rollout", {})
            there = rollout.get(field) == value and rollout.get("stepSeenAt")
            return status.get("candidateRevision") if there else None

        return until(f"{name} has {field} {value}", flows, lambda: self.status(name).get("rollout"))

    def pods(self, name: str, revision: str) -> list[str]:
        """The root URLs of a revision's pods."""
        listed = self.kubectl(
            "get", "pods", "-n", NAMESPACE, "-o", "jsonpath={.items[*].status.podIP}",
            "-l", f"modelyard.dev/deployment={name},modelyard.dev/revision={revision}",
        )  # fmt: skip
        return [f"http://{address}:8080" for address in listed.split()]


def resource(
    name: str, mode: str, *, model: str = "sentiment", way: Ingress | None = None, **spec: Any
) -> Raw:
    """A deployment small enough that several revisions fit two cores.

    Args:
        name: Its name.
        mode: The mode of routing.
        model: Which of the store's models.
        way: The gateway that it is bound to; None: none.
        spec: More of the spec, over these.
    """
    routing: Raw = {"mode": mode}
    if way is not None:
        routing |= {"hosts": [way.host], "gateway": {"namespace": way.namespace, "name": way.gateway}}
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "768Mi"}}
    base: Raw = {
        "model": {"uri": f"s3://models/{model}", "secretRef": {"name": "artifact-store"}},
        "server": {"resources": resources, "drainSeconds": 5},
        "scaling": {"minReplicas": 1, "maxReplicas": 2},
        "routing": routing,
    }
    for key, value in spec.items():
        base[key] = base.get(key, {}) | value
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": base,
    }


def answering(url: str, headers: Mapping[str, str]) -> None:
    """Wait until it lets requests through."""

    def lets() -> bool:
        try:
            return httpx.get(f"{url}/health", headers=dict(headers), timeout=5).is_success
        except httpx.HTTPError:
            return False

    until(f"{url} answers", lets, lambda: dict(headers))


def until(what: str, check: Callable[[], T | None], last: Callable[[], object], every: float = 0.2) -> T:
    """What `check` gives, once it is true.

    Raises:
        TimeoutError: not within PATIENCE; with what `last` tells.
    """
    ends = time.monotonic() + PATIENCE
    while not (found := check()):
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {PATIENCE:g} s: {what}; last: {last()}")
        time.sleep(every)
    return found
