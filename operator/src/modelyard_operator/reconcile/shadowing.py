"""Who compares whose answers while a candidate gets copies of requests. Pure.

A mesh sends the copies where the routing mode has one; elsewhere the stable pods do. Either way the pods
compare, and each must have heard its part. What a mesh does is seen in its route; that the pods send copies,
by what they have heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Manifest, Pod
from modelyard_operator.reconcile import stages
from modelyard_operator.reconcile.part import Forward, Part, Role
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import of_revision
from modelyard_operator.resources.service import HTTP
from modelyard_operator.routing.base import Split

Pods = Mapping[str, Sequence[Pod]]
"""By revision."""


def parts(
    ctx: Context, split: Split, stable: str | None, ports: Mapping[str, Sequence[Manifest]], *, mirrors: bool
) -> dict[str, Part]:
    """The part of each revision's pods; a revision that is not named has none.

    Args:
        ctx: The deployment.
        split: Where traffic and copies go.
        stable: The revision whose requests are copied.
        ports: The ports of each revision's Service.
        mirrors: Whether the routing mode copies requests itself.
    """
    candidate, percent = split.shadow, split.shadow_percent
    if candidate is None or not percent or stable is None or stable not in split.serving:
        return {}
    forward = None if mirrors else Forward(_url(ctx, candidate, ports.get(candidate, ())), percent)
    return {
        stable: Part(Role.STABLE, stable, candidate, forward),
        candidate: Part(Role.CANDIDATE, stable, candidate),
    }


def seen(route: Split | None, pods: Pods, heard: Mapping[str, Part], *, mirrors: bool) -> Split | None:
    """Where traffic and copies really go.

    Args:
        route: What the live route says; None: nobody can tell.
        pods: The pods of each revision.
        heard: The parts that pods know of, by uid.
        mirrors: Whether the routing mode copies requests itself.
    """
    if route is None or mirrors:
        return route
    serving = [pod for name in sorted(route.serving) for pod in pods.get(name, ()) if pod.ready]
    copying = [
        part for pod in serving if (part := heard.get(pod.uid)) is not None and part.forward is not None
    ]
    if not copying:
        return route
    # Until every pod has heard the same, the share is not what it is to be: it counts as none.
    forwards = {(part.candidate, part.forward.percent) for part in copying if part.forward is not None}
    candidate, percent = min(forwards)
    taking = [pod for pod in pods.get(candidate, ()) if pod.ready]
    knows = all((part := heard.get(pod.uid)) is not None and part.role is Role.CANDIDATE for pod in taking)
    senders = [pod for pod in serving if pod not in taking]
    everywhere = len(copying) == len(senders) and len(forwards) == 1 and knows
    return replace(route, shadow=candidate, shadow_percent=percent if everywhere else 0)


def refusal(spec: ModelDeploymentSpec, place: int, *, mirrors: bool) -> str | None:
    """Why answers could not be compared in a step as it asks, and what to write; None: they can.

    Args:
        spec: The deployment's.
        place: The step, from 0.
        mirrors: Whether the routing mode copies requests itself.
    """
    step = spec.rollout.steps[place]
    if step.shadow is None or not mirrors or spec.cache is not None:
        return None
    asked = stages.analysis(spec.rollout, step)
    if asked is None or asked.max_disagreement is None:
        return None
    return (
        f"spec.rollout.steps[{place}].shadow: behind a mesh the answers are compared through Redis, and "
        "maxDisagreement asks for that, but spec.cache is not set: set it, or leave maxDisagreement out"
    )


def _url(ctx: Context, revision: str, ports: Sequence[Manifest]) -> str:
    port = next((port["port"] for port in ports if port["name"] == HTTP), 80)
    return f"http://{of_revision(ctx, revision)}.{ctx.namespace}.svc:{port}"
