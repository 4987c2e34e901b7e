"""What the facts mean: a small function for each thing, and the table of them. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from modelyard_cli.doctor.facts import Facts, Raw
from modelyard_cli.doctor.finding import Finding, Level

OLDEST = (1, 30)
"""ValidatingAdmissionPolicy is generally available since then."""
OPERATOR = "modelyard-operator"
CRDS = ("modeldeployments.modelyard.dev", "modelapprovals.modelyard.dev")
_NAME = "app.kubernetes.io/name"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_BUNDLE = "gateway.networking.k8s.io/bundle-version"
_UNKNOWN = "version unknown"

Judgement = tuple[Level, str, str]
"""How it bears on the user, what is there, and what that means: a finding without its name."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for.

    Attributes:
        name: What.
        judge: Asked where the cluster has what it is about and the user may read it.
        absent: Where the cluster does not serve this API group: what that means.
        unread: Where the user may not read this list: how that bears, and what it means.
    """

    name: str
    judge: Callable[[Facts], Judgement]
    absent: tuple[str, str] | None = None
    unread: tuple[str, Level, str] | None = None

    def __call__(self, facts: Facts) -> Finding:
        """What was found."""
        if self.absent is not None and self.absent[0] not in facts.groups:
            return Finding(self.name, Level.ABSENT, "not there", self.absent[1])
        if self.unread is not None and self.unread[0] not in facts.lists:
            return Finding(self.name, self.unread[1], "unknown", self.unread[2])
        return Finding(self.name, *self.judge(facts))


def kubernetes(facts: Facts) -> Judgement:
    """The API server's version."""
    found = re.match(r"v(\d+)\.(\d+)", facts.version)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        return Level.PROBLEM, facts.version, "1.30 or newer is needed, for admission policies in CEL"
    return Level.OK, facts.version, "new enough"


def crd(facts: Facts) -> Judgement:
    """Modelyard's kinds."""
    served = ", ".join(facts.groups.get("modelyard.dev", ()))
    if not served:
        return Level.PROBLEM, "not there", "run `modelyard install`"
    names = {each["metadata"]["name"] for each in facts.lists.get("crds", [])}
    missing = ", ".join(name for name in CRDS if name not in names)
    if missing and "crds" in facts.lists:
        return Level.PROBLEM, served, f"{missing} is missing: run `modelyard install`"
    return Level.OK, served, "ModelDeployments can be applied"


def operator(facts: Facts) -> Judgement:
    """The operator."""
    found = _labelled(facts, _NAME, OPERATOR)
    if not found:
        return Level.PROBLEM, "not there", "nothing is done about resources: run `modelyard install`"
    it = found[0]
    ready = (it.get("status") or {}).get("readyReplicas", 0)
    namespace = it["metadata"]["namespace"]
    what = f"{_tag(it)}, {ready} of {it['spec'].get('replicas', 1)} pods ready in {namespace}"
    if not ready:
        where = f"kubectl describe pod -n {namespace} -l {_NAME}={OPERATOR}"
        return Level.PROBLEM, what, f"models serve on, but changes wait: `{where}` says why"
    if len(found) > 1:
        others = f"there are {len(found)} of them: no two may look after the same namespace"
        return Level.WARNING, what, f"it looks after your resources; {others}"
    return Level.OK, what, "it looks after your resources"


def rights(facts: Facts) -> Judgement:
    """The user's own."""
    where = f"in {facts.namespace}"
    if facts.may_create:
        return Level.OK, f"create ModelDeployments {where}", "you can deploy models there"
    mend = "the cluster's role `edit` in that namespace gives it; -n chooses another"
    return Level.WARNING, f"no create {where}", mend


def admission(facts: Facts) -> Judgement:
    """Policies that Modelyard brings, and those of others that judge its pods."""
    names = sorted(each["metadata"]["name"] for each in facts.lists["policies"])
    own = [name for name in names if name.startswith("modelyard-")]
    engines = [
        title
        for group, title in (("kyverno.io", "Kyverno"), ("templates.gatekeeper.sh", "Gatekeeper"))
        if group in facts.groups
    ]
    level = facts.pod_security or "none"
    found = f"{', '.join(own) or 'none of ours'}; pod security of {facts.namespace}: {level}"
    if engines:
        found += f"; {', '.join(engines)}"
    if "modelyard-approver" not in own:
        mend = "approval steps are refused without modelyard-approver: run `modelyard install`"
        return Level.WARNING, found, mend
    more = "" if "modelyard-changed-by" in own else "; forbidSelfApproval needs the component changed-by"
    judged = "; pods are of the restricted standard, rules of your own may ask for more" if engines else ""
    return Level.OK, found, f"approvals are held to who gives them{more}{judged}"


def metrics_server(facts: Facts) -> Judgement:
    """What autoscalers read."""
    if facts.node_metrics:
        return Level.OK, _version(facts, ("k8s-app", "metrics-server")), "autoscaling by CPU works"
    found = "registered, and it does not answer" if "metrics.k8s.io" in facts.groups else "not there"
    mend = "pods stay at minReplicas: install metrics-server (`minikube addons enable metrics-server`)"
    return Level.WARNING, found, mend


def istio(facts: Facts) -> Judgement:
    """The mesh."""
    version = _version(facts, ("app", "istiod"))
    if "v1" not in facts.groups["networking.istio.io"]:
        return Level.WARNING, version, "networking.istio.io/v1 is needed: Istio 1.22 or newer"
    means = "`routing.mode: istio` splits by the per cent, with shadow, retries and timeouts"
    return Level.OK, version, means


def gateway_api(facts: Facts) -> Judgement:
    """The Gateway API and who implements it."""
    bundles = {
        (each["metadata"].get("annotations") or {}).get(_BUNDLE)
        for each in facts.lists.get("crds", [])
        if each["metadata"]["name"] == "httproutes.gateway.networking.k8s.io"
    } - {None}
    version = next(iter(bundles), None) or _UNKNOWN
    classes = sorted(each["metadata"]["name"] for each in facts.lists.get("gateway_classes", []))
    if not classes and "gateway_classes" in facts.lists:
        mend = "nobody serves Gateways: install an implementation"
        return Level.WARNING, f"{version}, no GatewayClass", mend
    found = f"{version}, classes {', '.join(classes)}" if classes else str(version)
    return Level.OK, found, "`routing.mode: gateway` splits by the per cent"


def prometheus(facts: Facts) -> Judgement:
    """The Prometheus operator."""
    names = ("prometheus-operator", "kube-prometheus-stack-prometheus-operator")
    version = _version(facts, *((_NAME, name) for name in names))
    return Level.OK, version, "each deployment gets a ServiceMonitor; the component prometheus brings rules"


def keda(facts: Facts) -> Judgement:
    """KEDA and its HTTP add-on."""
    version = _version(facts, (_NAME, "keda-operator"))
    if not facts.external_metrics:
        return (
            Level.WARNING,
            f"{version}, whose metrics API does not answer",
            "where `scaling.requestsPerSecond` or `inFlight` is set, pods are added by CPU alone and none is "
            "taken away: look at KEDA's operator and its metrics adapter",
        )
    if "http.keda.sh" not in facts.groups:
        means = "`scaling.requestsPerSecond` and `inFlight` can be asked for; `toZero` needs the add-on, too"
        return Level.OK, f"{version}, without the HTTP add-on", means
    means = "`scaling.requestsPerSecond`, `inFlight` and `toZero` can be asked for"
    return Level.OK, f"{version}, with the HTTP add-on", means


def storage(facts: Facts) -> Judgement:
    """The default StorageClass."""
    defaults = [
        each["metadata"]["name"]
        for each in facts.lists["storage_classes"]
        if (each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    if defaults:
        return Level.OK, ", ".join(defaults), "for claims of yours that hold models (`pvc://`)"
    return Level.ABSENT, "none", "only claims of yours that hold models (`pvc://`) would use it"


CHECKS = (
    Check("Kubernetes", kubernetes),
    Check("Modelyard's CRDs", crd),
    Check(
        "Modelyard's operator",
        operator,
        unread=("deployments", Level.WARNING, "you may not list Deployments: ask whoever may"),
    ),
    Check("Your rights", rights),
    Check(
        "Admission policies",
        admission,
        unread=("policies", Level.ABSENT, "you may not list ValidatingAdmissionPolicies"),
    ),
    Check("Metrics API", metrics_server),
    Check(
        "Istio",
        istio,
        absent=(
            "networking.istio.io",
            "no `routing.mode: istio`; the Gateway API or the Service can split traffic",
        ),
    ),
    Check("Gateway API", gateway_api, absent=("gateway.networking.k8s.io", "no `routing.mode: gateway`")),
    Check(
        "Prometheus operator",
        prometheus,
        absent=("monitoring.coreos.com", "no ServiceMonitors: scrape port 8080 of the pods as you do it"),
    ),
    Check(
        "KEDA",
        keda,
        absent=(
            "keda.sh",
            "no `scaling.requestsPerSecond`, `inFlight` or `toZero`: autoscaling goes by CPU alone",
        ),
    ),
    Check(
        "Default StorageClass",
        storage,
        unread=("storage_classes", Level.ABSENT, "you may not list StorageClasses"),
    ),
)
"""In the order in which they are shown."""


def judge(facts: Facts) -> list[Finding]:
    """All findings."""
    return [check(facts) for check in CHECKS]


def _labelled(facts: Facts, label: str, value: str) -> list[Raw]:
    return [
        each
        for each in facts.lists.get("deployments", [])
        if (each["metadata"].get("labels") or {}).get(label) == value
    ]


def _version(facts: Facts, *labels: tuple[str, str]) -> str:
    """Of the first Deployment that has one of these labels."""
    found = [each for label, value in labels for each in _labelled(facts, label, value)]
    return _tag(found[0]) if found else _UNKNOWN


def _tag(deployment: Raw) -> str:
    """The version that its label tells, else the tag of its first container's image, not a digest."""
    label = (deployment["metadata"].get("labels") or {}).get("app.kubernetes.io/version")
    if label:
        return str(label)
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].partition("@")[0]
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return tag if colon else _UNKNOWN
