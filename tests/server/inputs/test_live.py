"""Pictures by address, through a server process; its network is the tests', its judgement its own."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from modelyard_server.rpc import open_inference_pb2 as pb
from tests.ports import free_port
from tests.server.conftest import Launch, ServerProcess
from tests.server.fetch.webserver import Page, WebServer
from tests.server.image_models import COLOURS, colour_model, encoded, plain
from tests.server.inputs.conftest import BLUE, RED
from tests.server.inputs.world import HOST, INWARD, URL

V2 = "/v2/models/sentiment/infer"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def tensor(*values: str) -> dict[str, Any]:
    return {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [len(values)], "data": values}]}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return colour_model(
        tmp_path / "model", modelyard={"image": {"resize": "stretch"}, "labels": list(COLOURS)}
    )


@pytest.fixture
def process(web: WebServer, launch: Launch, model: Path) -> ServerProcess:
    return start(web, launch, model)


def start(web: WebServer, launch: Launch, model: Path, **environ: str) -> ServerProcess:
    return launch(
        model,
        **environ,
        command=("tests.server.inputs.process",),
        WORLD_PORT=web.url.rpartition(":")[2],
        MODELYARD_IMAGE_URLS=f"{HOST},*.example.org",
        MODELYARD_MAX_BYTES="100000",
        MODELYARD_MAX_PIXELS="1000000",
    )


def labels(entries: list[list[dict[str, Any]]]) -> list[str]:
    return [entry[0]["label"] for entry in entries]


def test_pictures_are_fetched_whatever_the_protocol(process: ServerProcess) -> None:
    urls = [f"{URL}/red.png", f"{URL}/blue.jpg"]
    with httpx.Client(base_url=process.url) as client:
        own = client.post("/predict", json={"image": [*urls, text(RED)]})
        form = client.post("/predict", files=[("image", (None, urls[0])), ("image", ("b.jpg", BLUE))])
        v2 = client.post(V2, json=tensor(*urls))
        v1 = client.post("/v1/models/sentiment:predict", json={"instances": [{"image": urls[0]}]})
        sagemaker = client.post("/invocations", json={"inputs": urls[1]})
        metrics = client.get("/metrics").text

    assert labels(own.json()["predictions"]) == ["red", "blue", "red"]
    assert labels(form.json()["predictions"]) == ["red", "blue"]
    outputs = {output["name"]: output for output in v2.json()["outputs"]}
    assert outputs["labels"]["data"][::3] == ["red", "blue"]
    assert labels(v1.json()["predictions"]) == ["red"]
    assert sagemaker.json()[0]["label"] == "blue"
    counted = [line for line in metrics.splitlines() if 'stage="fetch"' in line and "_count" in line]
    assert [float(line.rpartition(" ")[2]) for line in counted] == [5.0]


def test_pictures_are_fetched_over_grpc(web: WebServer, launch: Launch, model: Path) -> None:
    port = free_port()
    start(web, launch, model, MODELYARD_GRPC_PORT=str(port))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        infer = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=pb.ModelInferRequest.SerializeToString,
            response_deserializer=pb.ModelInferResponse.FromString,
        )
        answer = infer(over_grpc(f"{URL}/red.png", f"{URL}/blue.jpg"))
        with pytest.raises(grpc.RpcError) as refused:
            infer(over_grpc(f"{URL}/red.png", "http://metadata.example.org/"))

    assert list(answer.outputs[0].contents.bytes_contents)[::3] == [b"red", b"blue"]
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert ".1: its host leads to an address" in refused.value.details()


def over_grpc(*urls: str) -> Any:
    tensor = pb.ModelInferRequest.InferInputTensor(
        name="image",
        datatype="BYTES",
        shape=[len(urls)],
        contents=pb.InferTensorContents(bytes_contents=[url.encode() for url in urls]),
    )
    return pb.ModelInferRequest(model_name="sentiment", inputs=[tensor])


def test_a_picture_is_known_by_its_bytes_and_not_by_its_address(
    process: ServerProcess, web: WebServer
) -> None:
    with httpx.Client(base_url=process.url) as client:
        cached = []
        for content in (RED, RED, BLUE):
            web.put("/changing", content)
            answer = client.post("/predict", json={"image": [f"{URL}/changing"]})
            cached.append((labels(answer.json()["predictions"]), answer.headers["x-modelyard-cached"]))
        web.pages["/changing"] = Page(b"gone", status=500)
        gone = client.post("/predict", json={"image": [f"{URL}/changing"]})

    assert [label for label, _ in cached] == [["red"], ["red"], ["blue"]]
    assert gone.status_code == 422


@pytest.mark.parametrize("label", ["metadata", "loopback", "loopback6", "private", "mapped"])
def test_a_redirect_inward_is_refused(label: str, process: ServerProcess, web: WebServer) -> None:
    targets = [f"http://{label}.example.org/red.png", f"http://[{INWARD[label]}]/red.png"]
    if ":" not in INWARD[label]:
        targets[1] = f"http://{INWARD[label]}/red.png"
    with httpx.Client(base_url=process.url) as client:
        for target in targets:
            web.pages["/away"] = Page(status=302, headers={"Location": target})
            answer = client.post("/predict", json={"image": [text(RED), f"{URL}/away"]})

            assert answer.status_code == 422
            (detail,) = answer.json()["detail"]
            assert (detail["loc"], detail["type"]) == (["body", "image", 1], "url_forbidden")
            assert "spec.inputs.imageUrls.allow" in detail["msg"]
    assert {request.path for request in web.requests} == {"/away"}


def test_refusals_name_the_field_that_the_client_wrote(process: ServerProcess) -> None:
    url = f"{URL}/none.png"
    with httpx.Client(base_url=process.url) as client:
        v2 = client.post(V2, json=tensor(f"{URL}/red.png", url))
        v1 = client.post("/v1/models/sentiment:predict", json={"instances": [url]})
        sagemaker = client.post("/invocations", json={"inputs": [text(RED), url]})

    assert [answer.status_code for answer in (v2, v1, sagemaker)] == [400, 400, 400]
    assert v2.json()["error"].startswith("body.inputs.0.data.1: the picture can't be fetched")
    assert v1.json()["error"].startswith("body.instances.0: the picture can't be fetched")
    assert sagemaker.json()["message"].startswith("body.inputs.1: the picture can't be fetched")


def test_what_is_fetched_is_judged_like_what_is_sent(process: ServerProcess, web: WebServer) -> None:
    web.put("/cut.png", RED[:60])
    web.put("/wide.png", encoded(plain("red", (2000, 1000))))
    web.put("/large.png", RED + bytes(100_000))
    with httpx.Client(base_url=process.url) as client:
        refused = {
            name: client.post("/predict", json={"image": [f"{URL}/{name}.png"]}).json()["detail"][0]
            for name in ("cut", "wide", "large")
        }
        after = client.post("/predict", json={"image": [f"{URL}/red.png"]})

    assert {name: detail["type"] for name, detail in refused.items()} == {
        "cut": "picture_invalid",
        "wide": "picture_invalid",
        "large": "url_too_large",
    }
    assert "1,000,000 are allowed" in refused["wide"]["msg"]
    assert after.status_code == 200


def test_a_deadline_ends_the_fetch(process: ServerProcess, web: WebServer) -> None:
    def dawdle(request: Any) -> None:
        if request.path == "/slow":
            time.sleep(1)

    web.before = dawdle
    with httpx.Client(base_url=process.url) as client:
        answer = client.post(
            "/predict", json={"image": [f"{URL}/slow"]}, headers={"X-Request-Timeout-Ms": "50"}
        )

    assert answer.status_code == 504


def test_a_real_server_reaches_nothing_inside(launch: Launch, web: WebServer, tmp_path: Path) -> None:
    """No bent network here: an allowed name that leads to this machine is refused."""
    port = web.url.rpartition(":")[2]
    server = launch(
        colour_model(tmp_path / "model", modelyard={"image": {"resize": "stretch"}}),
        MODELYARD_IMAGE_URLS=f"localhost:{port},127.0.0.1:{port},http://localhost:{port}",
    )
    for host in ("localhost", "127.0.0.1"):
        answer = httpx.post(f"{server.url}/predict", json={"image": [f"http://{host}:{port}/red.png"]})

        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"][0]["type"] == "url_forbidden"
    assert web.requests == []


def test_an_entry_that_is_none_ends_the_server_with_words(launch: Launch, tmp_path: Path) -> None:
    server = launch(colour_model(tmp_path / "model"), ready=False, MODELYARD_IMAGE_URLS="http://*")

    assert server.wait() == 1
    assert (
        "spec.inputs.imageUrls.allow has 'http://*'"
        in json.loads(server.termination_log.read_text())["message"]
    )
