"""What the operator tells the server through the environment, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelyard_server import contract

ENV_TERMINATION_LOG = "MODELYARD_TERMINATION_LOG"
"""Where the report goes outside a cluster; in one it is the contract's path."""
ENV_HOST = "MODELYARD_HOST"
"""Address to listen on; unset: every IPv4 address."""

DEFAULT_MAX_BATCH = 32
"""Most items of a batch where neither the resource nor tuning says."""


class SettingsError(ValueError):
    """A variable of the environment can't be used; the message names it and the mend."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of `modelyard-server serve`.

    Attributes:
        namespace: Kubernetes namespace of the deployment.
        deployment: Name of the ModelDeployment; the model's name in every API.
        revision: Revision that this pod belongs to; the model's version in every API.
        uri: Reference of the model (pinned where there is one), for `pvc:` and `file:` also where to read.
        task: Task that the user chose; None: inferred from the artifact.
        variant: Which of several ONNX files of an artifact; `auto` picks.
        model_dir: Where `fetch` laid the artifact.
        runtime_dir: The volume of what may change while the pod runs.
        termination_log: Where the last words go.
        host: Address to listen on.
        port: TCP port.
        threads: Intra-op threads of the engine; None: the container's CPU limit.
        max_connection_age: Seconds after which a connection is ended; 0: never.
        drain_seconds: Seconds between SIGTERM and the end of new requests.
        engine: Which engine runs the model; `auto` picks.
        grpc_port: TCP port of gRPC; None: it is off.
        image_hosts: Hosts that pictures may be fetched from; empty: none.
        edge: What the spec says of auth, rate limit and log, as JSON; empty: nothing.
        api_keys_dir: Where the API keys' Secret is mounted.
        max_items: Most items in one request.
        max_item_bytes: Most bytes of one item (a text's UTF-8 form).
        max_body_bytes: Most bytes of one request's body.
        max_pixels: Most pixels of one picture.
        max_batch: Most items that the engine gets at once; None: what tuning found, or 32.
        max_delay: Most seconds that an item waits for others to share its batch.
        max_queue: Most items waiting for the engine.
        memory_cache_bytes: Size of the first cache level.
    """

    namespace: str = "default"
    deployment: str = "model"
    revision: str = "local"
    uri: str | None = None
    task: str | None = None
    variant: str = "auto"
    model_dir: Path = Path(contract.MODEL_DIR)
    runtime_dir: Path = Path(contract.RUNTIME_DIR)
    termination_log: Path = Path(contract.TERMINATION_MESSAGE_PATH)
    host: str = "0.0.0.0"  # noqa: S104 - a pod answers on its address, which it does not know
    port: int = contract.PORT
    threads: int | None = None
    max_connection_age: float = 300.0
    drain_seconds: float = 15.0
    engine: str = "auto"
    grpc_port: int | None = None
    image_hosts: tuple[str, ...] = ()
    edge: str = ""
    api_keys_dir: Path = Path(contract.API_KEYS_DIR)
    max_items: int = 1000
    max_item_bytes: int = 100_000
    max_body_bytes: int = 8 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_batch: int | None = None
    max_delay: float = 0.0
    max_queue: int = 4096
    memory_cache_bytes: int = 32 * 1024 * 1024

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the contract's variables; an unset or empty one leaves the default.

        Raises:
            SettingsError: A value is not of its kind.
        """
        return cls(
            namespace=environ.get(contract.ENV_NAMESPACE) or cls.namespace,
            deployment=environ.get(contract.ENV_DEPLOYMENT) or cls.deployment,
            revision=environ.get(contract.ENV_REVISION) or cls.revision,
            uri=environ.get(contract.ENV_MODEL_PINNED) or environ.get(contract.ENV_MODEL_URI) or None,
            task=environ.get(contract.ENV_MODEL_TASK) or None,
            variant=environ.get(contract.ENV_MODEL_VARIANT) or cls.variant,
            model_dir=Path(environ.get(contract.ENV_MODEL_DIR) or contract.MODEL_DIR),
            runtime_dir=Path(environ.get(contract.ENV_RUNTIME_DIR) or contract.RUNTIME_DIR),
            termination_log=termination_log(environ),
            host=environ.get(ENV_HOST) or cls.host,
            port=_integer(environ, contract.ENV_PORT, cls.port, least=0),
            threads=_integer(environ, contract.ENV_THREADS, 0, least=0) or None,
            max_connection_age=_seconds(environ, contract.ENV_MAX_CONNECTION_AGE, cls.max_connection_age),
            drain_seconds=_seconds(environ, contract.ENV_DRAIN, cls.drain_seconds),
            engine=environ.get(contract.ENV_ENGINE) or cls.engine,
            grpc_port=_integer(environ, contract.ENV_GRPC_PORT, 0, least=0) or None,
            image_hosts=_listed(environ, contract.ENV_IMAGE_URLS),
            edge=environ.get(contract.ENV_EDGE) or cls.edge,
            api_keys_dir=Path(environ.get(contract.ENV_API_KEYS_DIR) or contract.API_KEYS_DIR),
            max_items=_integer(environ, contract.ENV_MAX_ITEMS, cls.max_items, least=1),
            max_body_bytes=_integer(environ, contract.ENV_MAX_BYTES, cls.max_body_bytes, least=1),
            max_pixels=_integer(environ, contract.ENV_MAX_PIXELS, cls.max_pixels, least=1),
            max_batch=_integer(environ, contract.ENV_BATCH_MAX_SIZE, 0, least=0) or None,
            max_delay=_seconds(environ, contract.ENV_BATCH_MAX_DELAY, cls.max_delay * 1000) / 1000,
            max_queue=_integer(environ, contract.ENV_QUEUE_MAX_DEPTH, cls.max_queue, least=1),
        )


def termination_log(environ: Mapping[str, str]) -> Path:
    """Where the termination message goes."""
    return Path(environ.get(ENV_TERMINATION_LOG) or contract.TERMINATION_MESSAGE_PATH)


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environ.get(name, "").split(",") if part.strip())


def _integer(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}: it must be a whole number") from None
    if value < least:
        raise SettingsError(f"{name} is {text!r}: it must be at least {least}")
    return value


def read_number(environ: Mapping[str, str], name: str, default: float, what: str = "a number") -> float:
    """A variable's number, 0 or more; an unset or empty one has the default.

    Args:
        environ: The environment.
        name: The variable's.
        default: Without it.
        what: The number, for whoever set it wrong.

    Raises:
        SettingsError: It is no such number.
    """
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}: it must be {what}") from None
    if not 0 <= value < 10**7:
        raise SettingsError(f"{name} is {text!r}: it must be {what}, 0 or more")
    return value


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    return read_number(environ, name, default, "a number of seconds")
