"""What a pod is told by its environment, a shell is told too."""

from pathlib import Path

from modelyard_cli.serving import environment
from modelyard_cli.serving.environment import Place
from modelyard_operator.resources.context import Source
from tests.cli.serving.deployments import wanted

SOURCE = Source("s3://models/a", "key", "s3://models/a@etag:1", "sha256:" + "0" * 64, "tensor", 5)


def test_resolve_is_told_the_source(tmp_path: Path) -> None:
    model = {"uri": "s3://models/a", "task": "tensor", "variant": "int8"}
    told = environment.to_resolve(wanted(tmp_path, model=model))
    assert told["MODELYARD_MODEL_URI"] == "s3://models/a"
    assert (told["MODELYARD_MODEL_TASK"], told["MODELYARD_MODEL_VARIANT"]) == ("tensor", "int8")
    assert told["MODELYARD_NAMESPACE"] == "default"


def test_the_folders_of_a_pod_are_those_of_the_place(tmp_path: Path) -> None:
    place = Place(tmp_path / "kept", "127.0.0.1", 8001)
    fetch, serve = (
        each(wanted(tmp_path), SOURCE, place) for each in (environment.to_fetch, environment.to_serve)
    )
    assert fetch["MODELYARD_MODEL_DIR"] == serve["MODELYARD_MODEL_DIR"] == str(tmp_path / "kept/model")
    assert serve["MODELYARD_RUNTIME_DIR"] == str(tmp_path / "kept/runtime")
    assert (serve["MODELYARD_HOST"], serve["MODELYARD_PORT"]) == ("127.0.0.1", "8001")
    assert fetch["MODELYARD_MODEL_PINNED"] == serve["MODELYARD_MODEL_PINNED"] == SOURCE.pinned
    assert not {"HOME", "TMPDIR", "HF_HOME"} & {*fetch, *serve}


def test_settings_of_the_server_are_the_operators(tmp_path: Path) -> None:
    spec = wanted(
        tmp_path,
        server={"threads": 3, "env": [{"name": "TOKENIZERS_PARALLELISM", "value": "false"}]},
        inputs={"maxItems": 7},
    )
    told = environment.to_serve(spec, SOURCE, Place(tmp_path, "127.0.0.1", 8001))
    assert (told["MODELYARD_THREADS"], told["MODELYARD_MAX_ITEMS"]) == ("3", "7")
    assert told["TOKENIZERS_PARALLELISM"] == "false"


def test_records_of_requests_go_to_standard_output(tmp_path: Path) -> None:
    log = {"sink": "file", "path": "/var/log/modelyard/requests.ndjson"}
    told = environment.to_serve(wanted(tmp_path, server={"log": log}), SOURCE, Place(tmp_path, "h", 1))
    assert '"sink":"stdout"' in told["MODELYARD_EDGE"]
    assert "path" not in told["MODELYARD_EDGE"]
