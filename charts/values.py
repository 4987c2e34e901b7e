"""What the chart can be told: values.yaml, its schema and the table in the docs are written from here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from modelyard_operator.rbac import NAME

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""A namespace, or another DNS label."""
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)]
Digest = Annotated[str, Field(pattern=r"^(sha256:[a-f0-9]{64})?$")]
User = Annotated[str, Field(pattern=r"^[^'\\\s]+$", max_length=253)]
"""A user name of the API server, fit for a string of CEL."""
Duration = Annotated[str, Field(pattern=r"^[0-9]+(ms|s|m|h)$")]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$")] | int | float
Free = dict[str, Any]
"""An object of Kubernetes' own: the API server judges it."""


class Values(BaseModel):
    """A group of values; a key that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Crds(Values):
    """The custom resource definitions."""

    install: bool = Field(True, description="Install them, and update them with each upgrade.")
    keep: bool = Field(
        True, description="Leave them, and so every ModelDeployment, where they are on uninstall."
    )


class Image(Values):
    """One image."""

    repository: str = Field(min_length=1, description="Without the registry.")
    tag: str = Field("", description="Empty: the chart's appVersion.")
    digest: Digest = Field("", description="sha256:…; where given, the tag is not used.")


class Foreign(Image):
    """Another project's image."""

    tag: str = Field("", description="A tag of that project's; needed unless there is a digest.")


class Variant(Image):
    """An image that there need not be."""

    repository: str = Field(description="Without the registry. Empty: there is none.")


class Images(Values):
    """Images, of the operator and of the pods that it makes."""

    registry: str = Field(
        "",
        pattern=r"^([^\s/@]+(/[^\s/@]+)*)?$",
        description="Put before each repository: a registry of yours that mirrors them all.",
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        "IfNotPresent", description="Of every pod."
    )
    pull_secrets: list[ObjectName] = Field(
        [], description="Secrets to pull with: in the release's namespace, and in each that has models."
    )
    operator: Image = Field(Image(repository="modelyard-operator"), description="The operator.")
    server: Image = Field(
        Image(repository="modelyard-server"),
        description="The model server, for new revisions; those that exist keep theirs.",
    )
    server_openvino: Variant = Field(
        Variant(repository="modelyard-server-openvino"), description="Its variant with OpenVINO."
    )
    cache: Foreign = Field(
        Foreign(repository="valkey/valkey", tag="8-alpine"),
        description="The managed cache: any image whose entry point takes a Redis server's flags.",
    )


class Amounts(Values):
    """Of the operator's container."""

    cpu: Quantity | None = Field(None, description="In cores: 100m, 1.")
    memory: Quantity | None = Field(None, description="In bytes: 128Mi, 1Gi.")


class Resources(Values):
    """Of the operator's container."""

    requests: Amounts = Amounts(cpu="100m", memory="128Mi")
    limits: Amounts = Amounts(cpu="1", memory="512Mi")


class ServiceAccount(Values):
    """The operator's account."""

    create: bool = Field(True, description="Make it.")
    name: str = Field("", pattern=r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$", description="Empty: the full name.")
    annotations: dict[str, str] = Field({}, description="On the ServiceAccount.")


class Rbac(Values):
    """Rights."""

    create: bool = Field(True, description="Make the operator's roles and bindings.")
    read_admission_policies: bool = Field(
        True,
        description="Let the operator read two admission policies by name, a right of the whole cluster; "
        "without it approvals do not count.",
    )
    user_roles: bool = Field(
        True,
        description="ClusterRoles modelyard-view and -edit, which the cluster's own view and edit take up, "
        "and modelyard-approve and -loadtest, to bind to those who decide and who run load tests.",
    )


class AdmissionPolicies(Values):
    """ValidatingAdmissionPolicies, which need Kubernetes 1.30."""

    install: bool = Field(
        True, description="Hold approvals to who makes them, and the status to the operator."
    )
    changed_by: bool = Field(
        False, description="Hold modelyard.dev/changed-by to who changes a spec: forbidSelfApproval needs it."
    )
    status_writers: list[User] = Field(
        [],
        description="Users besides this operator that may write the status: operators of other releases.",
    )


class NetworkPolicy(Values):
    """Of the operator's pods."""

    enabled: bool = Field(True, description="Admit nothing but health and metrics.")
    metrics_from: list[Free] = Field(
        [], description="Peers that may read metrics, as in a NetworkPolicy; empty: all."
    )


class PodDisruptionBudget(Values):
    """Of the operator's pods."""

    enabled: bool = Field(True, description="Evict one pod of the operator at a time.")


class ServiceMonitor(Values):
    """For the Prometheus operator."""

    enabled: bool = Field(False, description="Scrape the operator; needs the kind ServiceMonitor.")
    interval: Duration = Field("30s", description="Between two scrapes.")
    labels: dict[str, str] = Field({}, description="What your Prometheus selects by.")


class Rules(Values):
    """For the Prometheus operator."""

    enabled: bool = Field(False, description="Recording and alert rules; needs the kind PrometheusRule.")
    labels: dict[str, str] = Field({}, description="What your Prometheus selects by.")


class Dashboards(Values):
    """For Grafana."""

    enabled: bool = Field(False, description="A ConfigMap for each dashboard, for Grafana's sidecar.")
    label: str = Field("grafana_dashboard", min_length=1, description="The label that the sidecar looks for.")
    label_value: str = Field("1", description="And its value.")
    annotations: dict[str, str] = Field({}, description="Such as the folder: {grafana_folder: Modelyard}.")


class Monitoring(Values):
    """What watches Modelyard."""

    service_monitor: ServiceMonitor = Field(ServiceMonitor(), description="Scrapes of the operator.")
    rules: Rules = Field(Rules(), description="Rules and alerts.")
    dashboards: Dashboards = Field(Dashboards(), description="Dashboards.")


class ChartValues(Values):
    """Values of the chart modelyard."""

    fullname_override: str = Field(
        "",
        pattern=r"^([a-z]([-a-z0-9]*[a-z0-9])?)?$",
        max_length=50,
        description=f"The name of the operator's objects. Empty: RELEASE-operator, as in {NAME}.",
    )
    crds: Crds = Field(Crds(), description="The custom resource definitions.")
    replicas: int = Field(
        1, ge=0, le=9, description="Pods of the operator: one works, the others stand by with warm caches."
    )
    watch_namespaces: list[Name] = Field(
        [],
        json_schema_extra={"uniqueItems": True},
        description="Namespaces to serve, by a Role in each; they must exist. Empty: all, by a ClusterRole.",
    )
    images: Images = Field(
        default_factory=Images, description="Images, of the operator and of the pods that it makes."
    )
    resources: Resources = Field(Resources(), description="Of the operator's container.")
    priority_class_name: str = Field("", description="Such as system-cluster-critical.")
    node_selector: dict[str, str] = Field({}, description="Of the operator's pods.")
    tolerations: list[Free] = Field([], description="Of the operator's pods.")
    affinity: Free = Field({}, description="Of the operator's pods.")
    topology_spread_constraints: list[Free] = Field(
        [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
            }
        ],
        description="Of the operator's pods.",
    )
    pod_annotations: dict[str, str] = Field({}, description="On the operator's pods.")
    pod_labels: dict[str, str] = Field({}, description="On the operator's pods.")
    env: dict[str, str] = Field(
        {}, description="More of the operator's environment, such as MODELYARD_LOG_LEVEL or HTTPS_PROXY."
    )
    service_account: ServiceAccount = Field(ServiceAccount(), description="The operator's account.")
    rbac: Rbac = Field(Rbac(), description="Rights.")
    admission_policies: AdmissionPolicies = Field(
        AdmissionPolicies(), description="ValidatingAdmissionPolicies, which need Kubernetes 1.30."
    )
    network_policy: NetworkPolicy = Field(NetworkPolicy(), description="Of the operator's pods.")
    pod_disruption_budget: PodDisruptionBudget = Field(
        PodDisruptionBudget(), description="Of the operator's pods."
    )
    monitoring: Monitoring = Field(Monitoring(), description="What watches Modelyard.")
