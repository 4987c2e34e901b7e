"""What is wrong with pods, in the words of whoever knows: the server, the kubelet, the scheduler.

The words must stay the same while the trouble does, since they are written into status: counts that go up
and back-off times are left out.
"""

import re
from collections.abc import Iterable

import orjson

from modelyard_operator import contract
from modelyard_operator.api.status import MAX_MESSAGE
from modelyard_operator.kube.objects import Container, Manifest, Pod
from modelyard_operator.rollout.evidence import Failure

CRASHES = 3
"""Restarts after which a container that is not ready is given up."""

_PULLS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable"}
_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_ANNOTATED = re.compile(r"^Back-off pulling image \"[^\"]*\"(: ErrImagePull)?:?\s*")
_NOT_A_REASON = re.compile(r"[^A-Za-z0-9_]")


def clip(text: str, limit: int = MAX_MESSAGE) -> str:
    """One line of printable text, cut to what status holds."""
    line = text[: 4 * limit]
    if not line.isprintable():
        line = "".join(c if c.isprintable() else " " for c in line)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def reason_word(text: str | None, otherwise: str) -> str:
    """A condition's reason: one CamelCase word."""
    word = _NOT_A_REASON.sub("", text or "")[:64]
    return word if word and word[0].isalpha() else otherwise


def report_of(container: Container) -> Manifest | None:
    """The report that the container's last run left in its termination message, if it left one."""
    for line in reversed((container.exit_message or "").strip().splitlines()):
        try:
            report = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(report, dict) and isinstance(report.get("ok"), bool):
            return report
    return None


def failure_of_report(report: Manifest) -> Failure:
    """A failed report as a failure."""
    return Failure(
        reason_word(str(report.get("reason") or ""), contract.REASON_INTERNAL),
        clip(str(report.get("message") or "the report gives no message")),
        fatal=report.get("permanent") is True,
    )


def of_pods(pods: Iterable[Pod], memory_limit: str | None = None, refused: str = "") -> Failure | None:
    """The worst trouble of a revision's pods: what is fatal first, then by pod name.

    Args:
        pods: The revision's pods.
        memory_limit: The memory limit of the server container, for the words.
        refused: The Deployment's own words when the API server refuses its pods (quota, admission).
    """
    found = [
        (not trouble.fatal, pod.name, trouble)
        for pod in pods
        if not pod.deleting and not pod.ready and (trouble := of_pod(pod, memory_limit)) is not None
    ]
    if found:
        return min(found, key=lambda each: each[:2])[2]
    return Failure("PodsRefused", clip(refused)) if refused else None


def of_pod(pod: Pod, memory_limit: str | None = None) -> Failure | None:
    """Why this pod is not ready; None while it is just starting."""
    if pod.unschedulable:
        return Failure("Unschedulable", clip(f"the scheduler says: {pod.unschedulable}"))
    for container in (*pod.init_containers, *pod.containers):
        trouble = _of_container(container, memory_limit)
        if trouble is not None:
            return trouble
    if pod.phase == "Failed":
        return Failure("PodFailed", f"pod {pod.name} failed: see its events")
    return None


def _of_container(container: Container, memory_limit: str | None) -> Failure | None:
    name = container.name
    if container.waiting_reason in _PULLS:
        words = _ANNOTATED.sub("", container.waiting_message or "") or container.waiting_reason
        fatal = container.waiting_reason == "InvalidImageName"
        return Failure("ImagePullFailed", clip(f"the image of {name} cannot be pulled: {words}"), fatal)
    if container.waiting_reason in _CONFIG:
        words = container.waiting_message or container.waiting_reason
        return Failure("ContainerConfigError", clip(f"container {name} cannot start: {words}"))
    if container.exit_code in (None, 0) or container.ready:
        return None
    crashed_for_good = container.restarts >= CRASHES
    if container.exit_reason == "OOMKilled":
        limit = f" of {memory_limit}" if memory_limit else ""
        words = (
            f"container {name} was ended by the kernel: the memory limit{limit} is too small; "
            "raise spec.server.resources.limits.memory"
        )
        return Failure("OOMKilled", words, crashed_for_good)
    report = report_of(container)
    if report is not None and not report["ok"]:
        failure = failure_of_report(report)
        # A store that cannot be reached may come back before the deadline; a server that crashes does not.
        fatal = failure.fatal or (crashed_for_good and name == contract.SERVER_CONTAINER)
        return Failure(failure.reason, failure.message, fatal)
    words = container.exit_message or container.exit_reason or "no message"
    return Failure(
        "Crashed",
        clip(f"container {name} ends with exit code {container.exit_code}: {words}"),
        crashed_for_good,
    )
