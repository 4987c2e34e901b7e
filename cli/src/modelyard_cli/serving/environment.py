"""What the containers of a pod are told, for commands in a shell. Pure.

The operator's own builders say it, so a field means here what it means in a cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from modelyard_cli.serving.document import Wanted
from modelyard_operator import contract
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.edge import LogSink
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import resolve_job, server_pod
from modelyard_operator.resources.context import Context, Defaults, Source
from modelyard_server.settings import ENV_HOST, ENV_TERMINATION_LOG

REVISION = "local"
_POD_PATHS = frozenset({"HOME", "TMPDIR", "HF_HOME"})
"""Variables that name folders of a pod; here those of the shell stand."""

Environment = dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs.

    Attributes:
        folder: Keeps the artifact and the runtime files.
        host: The address that it listens on.
        port: Its port.
        api_keys: The folder of API keys; None: the spec wants none.
    """

    folder: Path
    host: str
    port: int
    api_keys: Path | None = None

    @property
    def model(self) -> Path:
        """Where the artifact is brought to."""
        return self.folder / "model"

    @property
    def runtime(self) -> Path:
        """Stands for the pod's runtime volume."""
        return self.folder / "runtime"


def to_resolve(wanted: Wanted) -> Environment:
    """What `resolve` is told."""
    job = resolve_job.resolve_job(_context(wanted), REVISION)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return _variables(container["env"], wanted)


def to_fetch(wanted: Wanted, source: Source, place: Place) -> Environment:
    """What `fetch` is told."""
    (container,) = server_pod.spec(_context(wanted), source, REVISION)["initContainers"]
    return {**_variables(container["env"], wanted), contract.ENV_MODEL_DIR: str(place.model)}


def to_serve(wanted: Wanted, source: Source, place: Place) -> Environment:
    """What `serve` is told."""
    here = replace(wanted, spec=_logging_here(wanted.spec))
    (container,) = server_pod.spec(_context(here), source, REVISION)["containers"]
    environment = {
        **_variables(container["env"], wanted),
        contract.ENV_MODEL_DIR: str(place.model),
        contract.ENV_RUNTIME_DIR: str(place.runtime),
        contract.ENV_PORT: str(place.port),
        ENV_HOST: place.host,
        ENV_TERMINATION_LOG: str(place.folder / "last-words"),
    }
    if place.api_keys is not None:
        environment[contract.ENV_API_KEYS_DIR] = str(place.api_keys)
    return environment


def _context(wanted: Wanted) -> Context:
    images = Defaults(server_image="here", cache_image="here", operator_namespace="here")
    return Context(wanted.namespace, wanted.name, "", wanted.spec, images)


def _variables(env: Iterable[Manifest], wanted: Wanted) -> Environment:
    given = {each["name"]: str(each.get("value", "")) for each in env if each["name"] not in _POD_PATHS}
    return {**given, contract.ENV_NAMESPACE: wanted.namespace}


def _logging_here(spec: ModelDeploymentSpec) -> ModelDeploymentSpec:
    log = spec.server.log
    if log is None or log.sink is not LogSink.FILE:
        return spec
    here = log.model_copy(update={"sink": LogSink.STDOUT, "path": None})
    return spec.model_copy(update={"server": spec.server.model_copy(update={"log": here})})
