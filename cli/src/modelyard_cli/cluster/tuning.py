"""Measuring a deployment's model in its cluster, and keeping what was measured."""

import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from kubernetes import client

from modelyard_cli.cluster.client import Cluster, call
from modelyard_cli.cluster.job import samples_map, tune_job
from modelyard_cli.errors import CliError
from modelyard_cli.local_tune import table_in
from modelyard_server import contract
from modelyard_server.artifact.tuning_section import Tuning, TuningError, parse_tuning

_POLL_SECONDS: Final = 1.0
Say = Callable[[str], None]


def config_map_name(name: str) -> str:
    """The ConfigMap that the pods of a ModelDeployment read."""
    return f"{name}-tuning"


def tune_in_cluster(
    cluster: Cluster,
    name: str,
    variables: Mapping[str, str],
    *,
    samples: Path | None,
    image: str | None,
    say: Say,
) -> Tuning:
    """Run the Job, tell how it goes, and read its table.

    Raises:
        CliError: Nothing serves, or the Job failed; the message has the pod's own words.
    """
    deployment = cluster.deployment(name)
    revision = (deployment.get("status") or {}).get("stableRevision")
    if not revision:
        raise CliError(f"{name}: no revision serves yet; what would be measured is not known")
    if samples is not None and samples.is_dir():
        raise CliError(f"{samples}: a folder can't be taken into the cluster; give one file")
    live = call(
        f"Deployment {name}-{revision}",
        lambda: cluster.apps.read_namespaced_deployment(f"{name}-{revision}", cluster.namespace),
    )
    job_name = f"{name}-tune-{secrets.token_hex(3)}"
    job = tune_job(
        deployment,
        cluster.plain(live)["spec"]["template"],
        job_name,
        variables=variables,
        seconds=float(variables.get("MODELYARD_TUNE_LIMIT_SECONDS", "600")),
        samples=None if samples is None else samples.name,
        image=image,
    )
    made = call(f"Job {job_name}", lambda: cluster.batch.create_namespaced_job(cluster.namespace, job))
    try:
        if samples is not None:
            body = samples_map(cluster.plain(made) | _kind(job), samples.name, samples.read_bytes())
            call("samples", lambda: cluster.core.create_namespaced_config_map(cluster.namespace, body))
        say(f"Job {job_name} measures revision {revision}")
        return table_in(_output(cluster, job_name, say))
    finally:
        call(
            f"Job {job_name}",
            lambda: cluster.batch.delete_namespaced_job(
                job_name, cluster.namespace, propagation_policy="Background"
            ),
        )


def keep(cluster: Cluster, name: str, measured: Tuning) -> None:
    """Put a table into the deployment's ConfigMap, beside those of other machines.

    Raises:
        CliError: It can't be written.
    """
    key = config_map_name(name)
    what = f"ConfigMap {key}"
    for _ in range(5):
        try:
            found = cluster.core.read_namespaced_config_map(key, cluster.namespace)
        except client.ApiException as error:
            if error.status != 404:
                raise CliError(f"{what}: {error.status} {error.reason}") from None
            body = _config_map(key, measured)
            call(what, partial(cluster.core.create_namespaced_config_map, cluster.namespace, body))
            return
        body = cluster.plain(found)
        body["data"] = _config_map(key, _known(body).merged(measured))["data"]
        try:
            # With the version that was read: somebody may measure on another node meanwhile.
            cluster.core.replace_namespaced_config_map(key, cluster.namespace, body)
        except client.ApiException as error:
            if error.status == 409:
                continue
            raise CliError(f"{what}: {error.status} {error.reason}") from None
        return
    raise CliError(f"{what}: somebody else changes it all the time")


def _config_map(key: str, tuning: Tuning) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": key, "labels": {"app.kubernetes.io/managed-by": "modelyard-cli"}},
        "data": {contract.TUNING_FILE: tuning.model_dump_json(exclude_none=True)},
    }


def _known(body: dict[str, Any]) -> Tuning:
    try:
        return parse_tuning((body.get("data") or {}).get(contract.TUNING_FILE) or "{}")
    except TuningError:
        return Tuning({})


def _kind(job: dict[str, Any]) -> dict[str, Any]:
    # The client leaves these out of what it gives.
    return {"apiVersion": job["apiVersion"], "kind": job["kind"]}


def _output(cluster: Cluster, job: str, say: Say) -> bytes:
    """The log of the Job's pod, followed to its end."""
    pod = _started_pod(cluster, job, say)
    stream = call(
        f"log of pod {pod}",
        lambda: cluster.core.read_namespaced_pod_log(
            pod, cluster.namespace, container=contract.SERVER_CONTAINER, follow=True, _preload_content=False
        ),
    )
    lines: list[bytes] = []
    rest = b""
    for chunk in stream.stream():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines.append(line)
            if not line.startswith(b"{"):
                say(line.decode(errors="replace"))
    lines.append(rest)
    state = _pod(cluster, job)
    if state is not None and state["status"].get("phase") == "Failed":
        raise CliError(f"pod {pod} failed: {_last_words(state)}")
    return b"\n".join(lines)


def _started_pod(cluster: Cluster, job: str, say: Say) -> str:
    shown = ""
    while True:
        state = _pod(cluster, job)
        if state is not None:
            phase = state["status"].get("phase")
            if phase == "Failed":
                raise CliError(f"pod {state['metadata']['name']} failed: {_last_words(state)}")
            if phase in {"Running", "Succeeded"}:
                return str(state["metadata"]["name"])
        waits = _waits_for(state)
        if waits != shown:
            say(waits)
            shown = waits
        _check_job(cluster, job)
        time.sleep(_POLL_SECONDS)


def _check_job(cluster: Cluster, job: str) -> None:
    found = call(f"Job {job}", lambda: cluster.batch.read_namespaced_job(job, cluster.namespace))
    for condition in (cluster.plain(found).get("status") or {}).get("conditions") or []:
        if condition["type"] == "Failed" and condition["status"] == "True":
            raise CliError(f"Job {job} failed: {condition.get('message', condition.get('reason'))}")


def _pod(cluster: Cluster, job: str) -> dict[str, Any] | None:
    found = call(
        f"pods of Job {job}",
        lambda: cluster.core.list_namespaced_pod(
            cluster.namespace, label_selector=f"batch.kubernetes.io/job-name={job}"
        ),
    )
    items: list[dict[str, Any]] = cluster.plain(found)["items"]
    return items[0] if items else None


def _waits_for(state: dict[str, Any] | None) -> str:
    if state is None:
        return "waiting for the pod"
    status = state["status"]
    for each in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (each.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") != "PodInitializing":
            return f"waiting: {each['name']}: {waiting.get('reason')} {waiting.get('message', '')}".strip()
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"waiting: {condition.get('message', 'to be scheduled')}"
    return "waiting: the artifact is fetched"


def _last_words(state: dict[str, Any]) -> str:
    status = state["status"]
    for each in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        ended = (each.get("state") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            return f"{each['name']}: {ended.get('message') or ended.get('reason')}"
    return str(status.get("message") or status.get("reason") or "it does not say why")
