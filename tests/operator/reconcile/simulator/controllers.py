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
            case "HorizontalPodAutoscaler" | "ScaledObject":
                autoscaler(cluster, key)
            case "InterceptorRoute":
                generation = cluster.objects[key]["metadata"]["generation"]
                ready = {"type": "Ready", "status": "True", "observedGeneration": generation}
                cluster.set_status(key, {"conditions": [ready]})
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
    mine = [pod for pod in cluster.pods.values() if pod.owner == key and not pod.evicted]
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
    """Size what serves by the load within the bounds, as KEDA does; a size of 0 is left alone."""
    raw = cluster.objects[key]
    is_keda = key.kind == "ScaledObject"
    assert not is_keda or ChildKey("HorizontalPodAutoscaler", key.name) not in cluster.objects, (
        "KEDA refuses it"
    )
    target = ChildKey("Deployment", raw["spec"]["scaleTargetRef"]["name"])
    if target not in cluster.objects:
        return
    size = cluster.objects[target]["spec"]["replicas"]
    cluster.set_status(
        key, {"conditions": [{"type": "Ready" if is_keda else "ScalingActive", "status": "True"}]}
    )
    if is_keda and sleeper(cluster, key, target):
        return
    if size == 0:
        return
    share = cluster.shares().get(cluster.child(key).revision, 0)
    desired = max(1, round(cluster.load * share / 100)) if share and cluster.load else size
    least, most = ("minReplicaCount", "maxReplicaCount") if is_keda else ("minReplicas", "maxReplicas")
    bounded = max(raw["spec"][least], min(raw["spec"][most], desired))
    if bounded != size:
        cluster.resize(target, bounded)


def sleeper(cluster: Cluster, key: ChildKey, target: ChildKey) -> bool:
    """Take the last pod away or bring the first one back, as KEDA does; whether it did, or there are none."""
    spec, size = cluster.objects[key]["spec"], cluster.objects[target]["spec"]["replicas"]
    held = [each["metadata"] for each in spec["triggers"] if each["type"] == "external-push"]
    for each in held:
        assert ChildKey("InterceptorRoute", each["interceptorRoute"]) in cluster.objects, (
            "KEDA would not know what to ask the add-on for"
        )
    if "idleReplicaCount" not in spec:
        return False
    assert held, "nobody would tell KEDA of a request"
    wanted = spec["idleReplicaCount"] if cluster.idle else max(spec["minReplicaCount"], size)
    if wanted != size:
        cluster.resize(target, wanted)
    return not wanted


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
    if contract.ENV_MODEL_URI in env:
        report = cluster.resolve(env[contract.ENV_MODEL_URI])
        ok, pod.report = report["ok"], json.dumps(report)
    else:
        ok = pod.image != BAD_IMAGE
        pod.restarts, pod.report = 0 if ok else 1, "3 of 200 answers\nwere wrong"
    done = "Complete" if ok else "Failed"
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
