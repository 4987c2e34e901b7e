"""The controllers that act on children: each is a function of the cluster."""

import json

from modelyard_operator import contract, labels
from modelyard_operator.kube.objects import ChildKey, Manifest
from modelyard_operator.reconcile.diff import desired_hash
from tests.operator.reconcile.simulator.cluster import Cluster
from tests.operator.reconcile.simulator.givens import BAD_IMAGE, SLOW_IMAGE
from tests.operator.reconcile.simulator.pods import SimPod


def act(cluster: Cluster) -> bool:
    """Let every controller act once; whether anything changed."""
    before = cluster.counter
    collect_garbage(cluster)
    for key in sorted(cluster.objects):
        match key.kind:
            case "Deployment":
                deployment(cluster, key)
            case "HorizontalPodAutoscaler":
                autoscaler(cluster, key)
            case "Job":
                job(cluster, key)
    return cluster.counter != before


def collect_garbage(cluster: Cluster) -> None:
    """End the pods whose owner has gone."""
    uids = {raw["metadata"]["uid"] for raw in cluster.objects.values()}
    for name in [name for name, pod in cluster.pods.items() if pod.owner_uid not in uids]:
        cluster.end_pod(name)


def deployment(cluster: Cluster, key: ChildKey) -> None:
    """Start and end pods of a Deployment, and let them get ready or crash."""
    raw = cluster.objects[key]
    wanted, template = raw["spec"]["replicas"], raw["spec"]["template"]
    mine = [pod for pod in cluster.pods.values() if pod.owner == key]
    digest = desired_hash(template)
    for pod in mine:
        may_start = pod.image not in (BAD_IMAGE, SLOW_IMAGE) and not pod.secrets & cluster.absent
        if pod.template == digest and pod.ready_at is None and may_start:
            pod.ready_at = cluster.now
            cluster.next_version()
        if pod.image == BAD_IMAGE and pod.restarts < 3:
            pod.restarts += 1
            cluster.next_version()
    old = [pod for pod in mine if pod.template != digest]
    new = [pod for pod in mine if pod.template == digest]
    for pod in old:  # A rolling update: one more at a time, none less.
        if sum(p.ready_at is not None for p in new) >= wanted or pod.ready_at is None:
            cluster.end_pod(pod.name)
    while len(new) > wanted:
        victim = min(new, key=lambda pod: (pod.ready_at is not None, pod.name))
        new.remove(victim)
        cluster.end_pod(victim.name)
    while len(new) < wanted:
        new.append(start_pod(cluster, key, template, digest))
    ready = sum(pod.ready_at is not None for pod in cluster.pods.values() if pod.owner == key)
    status = {
        "replicas": len(new),
        "readyReplicas": ready,
        "updatedReplicas": len(new),
        "observedGeneration": raw["metadata"]["generation"],
    }
    cluster.set_status(key, status)


def autoscaler(cluster: Cluster, key: ChildKey) -> None:
    """Size what serves by the load, within the bounds; a Deployment of size 0 is left alone."""
    raw = cluster.objects[key]
    target = ChildKey("Deployment", raw["spec"]["scaleTargetRef"]["name"])
    if target not in cluster.objects:
        return
    size = cluster.objects[target]["spec"]["replicas"]
    cluster.set_status(key, {"conditions": [{"type": "ScalingActive", "status": "True"}]})
    if size == 0:
        return
    serves = cluster.child(key).revision == cluster.selected()
    desired = cluster.load if serves and cluster.load else size
    bounded = max(raw["spec"]["minReplicas"], min(raw["spec"]["maxReplicas"], desired))
    if bounded != size:
        cluster.resize(target, bounded)


def job(cluster: Cluster, key: ChildKey) -> None:
    """Start a Job's pod, and let it report and end the next time."""
    raw = cluster.objects[key]
    if raw.get("status", {}).get("conditions"):
        return
    mine = [p for p in cluster.pods.values() if p.owner_uid == raw["metadata"]["uid"]]
    if not mine:
        start_pod(cluster, key, raw["spec"]["template"], "")
        return
    pod = mine[0]
    env = {e["name"]: e.get("value") for e in raw["spec"]["template"]["spec"]["containers"][0]["env"]}
    report = cluster.resolve(env[contract.ENV_MODEL_URI])
    pod.report = json.dumps(report)
    done = "Complete" if report["ok"] else "Failed"
    ended = {"type": done, "status": "True", "lastTransitionTime": cluster.now.isoformat()}
    cluster.set_status(key, {"conditions": [ended]})


def start_pod(cluster: Cluster, owner: ChildKey, template: Manifest, digest: str) -> SimPod:
    """Make a pod of a template; `digest` is the template's."""
    name = f"{owner.name}-{cluster.next_version()}"
    volumes = template["spec"].get("volumes", ())
    pod = SimPod(
        name=name,
        owner=owner,
        owner_uid=cluster.objects[owner]["metadata"]["uid"],
        revision=template["metadata"]["labels"].get(labels.REVISION),
        component=template["metadata"]["labels"][labels.COMPONENT],
        image=template["spec"]["containers"][0]["image"],
        template=digest,
        created_at=cluster.now,
        secrets=frozenset(v["secret"]["secretName"] for v in volumes if "secret" in v),
    )
    cluster.pods[name] = pod
    return pod
