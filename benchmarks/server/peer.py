"""The peers: how each is started and asked, in the form that its documentation shows and on our ONNX file."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.server import environments
from benchmarks.server.load import post
from benchmarks.server.models import HERE, made
from benchmarks.server.process import TAIL, Process, StartError, running
from tests.ports import free_port

PEERS = HERE / "peers"
DOCUMENTED, ONNX = "as_documented", "on_onnx"
PLAIN = "plain"
MISUNDERSTOOD = {415, 422}


@dataclass(frozen=True)
class Peer:
    """One server.

    Attributes:
        name: Its folder below `peers/`.
        title: Its name.
        body: The body of a request for one text, to a form.
        path: Where it takes requests.
        command: Its command line for a form; `{python}`, `{bin}` and `{port}` are filled in.
    """

    name: str
    title: str
    body: Callable[[str, str], object]
    path: str = "/predict"
    command: Callable[[str], list[str]] = lambda form: ["{python}", f"{form}.py"]

    def request(self, text: str, form: str) -> bytes:
        """An HTTP request for one text, to a form."""
        return post(self.path, json.dumps(self.body(text, form)).encode())


def _one(text: str, _: str) -> object:
    return {"text": text}


def _v2(text: str, _: str) -> object:
    return {"inputs": [{"name": "args", "shape": [1], "datatype": "BYTES", "data": [text]}]}


def _list(text: str, _: str) -> object:
    return {"text": [text]}


def _list_where_batched(text: str, form: str) -> object:
    return _list(text, form) if form == ONNX else _one(text, form)


THE_PLAIN = Peer(PLAIN, "plain design", _list)
OTHERS = (
    Peer(
        "bentoml",
        "BentoML",
        _list_where_batched,
        command=lambda form: [
            "{bin}/bentoml",
            "serve",
            f"{form}:Sentiment",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ],
    ),
    Peer("litserve", "LitServe", _one),
    Peer(
        "mlserver",
        "MLServer",
        _v2,
        "/v2/models/sentiment/infer",
        lambda form: ["{python}", "serve.py", form],
    ),
    Peer("ray", "Ray Serve", _one, "/"),
)


@contextlib.contextmanager
def serving_peer(
    peer: Peer,
    form: str,
    model: Path,
    folder: Path,
    *,
    variant: str = "fp32",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """A peer, answering.

    Args:
        peer: Which.
        form: `on_onnx` or `as_documented`.
        model: Folder of the text classifier.
        folder: For its log.
        variant: Which ONNX file it serves.
        environment: Variables besides.

    Raises:
        InstallError: its environment can't be made.
        StartError: it ended or never answered; with the end of its log.
    """
    python = environments.python(peer.name)
    port = free_port()
    here = PEERS / peer.name
    home = folder / f"home-{peer.name}"
    home.mkdir(exist_ok=True)
    variables = {
        "BENCH_PORT": str(port),
        "BENCH_FOLDER": str(folder),
        "BENCH_MODEL": str(model),
        "BENCH_VARIANT": variant,
        "PYTHONPATH": f"{here}{os.pathsep}{PEERS}",
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        # Nothing is fetched, reported or written outside the benchmark's folder.
        "HF_HUB_OFFLINE": "1",
        "HOME": str(home),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(home),
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
        **(environment or {}),
    }
    if form == DOCUMENTED:
        variables["BENCH_CHECKPOINT"] = str(checkpoint(model, python))
    fills = {"python": str(python), "bin": str(python.parent), "port": str(port)}
    command = [part.format(**fills) for part in peer.command(form)]
    url = f"http://127.0.0.1:{port}"
    log = folder / f"{peer.name}-{form}-{variant}.log"
    with running(peer.title, command, log=log, url=url, environment=variables, folder=here) as process:

        def answers() -> bool:
            told = httpx.post(url + peer.path, json=peer.body("warm up", form), timeout=60)
            if told.status_code in MISUNDERSTOOD:
                raise StartError(f"{peer.title} does not understand its request: {told.text[:TAIL]}")
            return told.is_success

        process.wait_for(answers, every=0.5)
        yield process


def checkpoint(model: Path, python: Path) -> Path:
    """The model as transformers reads it, made by an environment that has safetensors."""
    source = PEERS / "checkpoint.py"
    command = [str(python), str(source), "{folder}", str(model)]
    return made(f"checkpoint-of-{model.name}", [source], command)
