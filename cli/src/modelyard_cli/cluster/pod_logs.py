"""The logs of a deployment's pods, side by side."""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import urllib3
from kubernetes import client

from modelyard_cli.cluster.client import Cluster, call

LOOK_SECONDS = 2.0
"""How often new pods are looked for while logs are followed."""


class Pod(NamedTuple):
    """A pod of a deployment."""

    name: str
    revision: str
    waits: str | None
    """None once the container has started; else why it has not."""


class Line(NamedTuple):
    """A line of a pod's log."""

    pod: Pod
    text: str


def pods(cluster: Cluster, name: str, revision: str | None, container: str) -> list[Pod]:
    """The server pods of a ModelDeployment, by revision and name.

    Raises:
        CliError: They can't be listed.
    """
    selector = f"modelyard.dev/deployment={name},app.kubernetes.io/component=server"
    if revision:
        selector += f",modelyard.dev/revision={revision}"
    listed = call(
        f"pods of {name}",
        lambda: cluster.core.list_namespaced_pod(cluster.namespace, label_selector=selector),
    )
    found = [_pod(each, container) for each in cluster.plain(listed)["items"]]
    return sorted(found, key=lambda pod: (pod.revision, pod.name))


def _pod(raw: dict[str, Any], container: str) -> Pod:
    status = raw.get("status") or {}
    states = {
        each["name"]: each.get("state") or {}
        for each in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    }
    state = states.get(container)
    waiting = (state or {}).get("waiting")
    why = None
    if state is None:
        why = f"the pod is {status.get('phase', 'Unknown')}"
    elif waiting is not None:
        why = " ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
    return Pod(raw["metadata"]["name"], raw["metadata"]["labels"].get("modelyard.dev/revision", ""), why)


def past(cluster: Cluster, pod: Pod, container: str, tail: int | None) -> list[Line]:
    """What a pod has logged.

    Raises:
        CliError: It can't be read.
    """
    text = call(
        f"log of {pod.name}",
        lambda: cluster.core.read_namespaced_pod_log(
            pod.name, cluster.namespace, container=container, tail_lines=tail
        ),
    )
    return [Line(pod, each) for each in str(text).splitlines()]


def follow(
    cluster: Cluster,
    look: Callable[[], list[Pod]],
    container: str,
    tail: int | None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Line]:
    """The lines of all pods as they come, those of new pods too; until interrupted.

    Raises:
        CliError: The pods can't be listed.
    """
    lines: SimpleQueue[Line] = SimpleQueue()
    known: set[str] = set()
    next_look = clock()
    while True:
        if clock() >= next_look:
            fresh = [pod for pod in look() if pod.waits is None and pod.name not in known]
            for pod in fresh:
                # Of those that were there before, the end; of those that come, all of it.
                limit = None if known else tail
                arguments = (cluster, pod, container, limit, lines)
                threading.Thread(target=_read, args=arguments, daemon=True).start()
            known |= {pod.name for pod in fresh}
            next_look = clock() + LOOK_SECONDS
        try:
            yield lines.get(timeout=0.2)
        except Empty:
            continue


def _read(cluster: Cluster, pod: Pod, container: str, tail: int | None, lines: "SimpleQueue[Line]") -> None:
    """Pass on one pod's lines until it ends."""
    try:
        stream = cluster.core.read_namespaced_pod_log(
            pod.name,
            cluster.namespace,
            container=container,
            follow=True,
            tail_lines=tail,
            _preload_content=False,
        )
        rest = b""
        for chunk in stream.stream(amt=None, decode_content=False):
            *whole, rest = (rest + chunk).split(b"\n")
            for each in whole:
                lines.put(Line(pod, each.decode(errors="replace")))
    except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        lines.put(Line(pod, f"(the log ended: {error})"))
