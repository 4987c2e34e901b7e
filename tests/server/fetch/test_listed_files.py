"""An artifact whose `modelyard.json` lists several forms: whichever may be chosen later is fetched."""

import json
from collections.abc import Callable

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.bucket import lay
from tests.server.fetch.emulators.versitygw import S3
from tests.server.fetch.webserver import WebServer

LISTED = {
    "onnxruntime": {"fp32": "onnx/model.onnx", "int8": "onnx/model_int8.onnx"},
    "openvino": {"int8": "openvino/model_int8.xml"},
}
ARTIFACT = {
    "modelyard.json": json.dumps({"task": "tensor", "files": LISTED}).encode(),
    "onnx/model.onnx": b"float",
    "onnx/model_int8.onnx": b"small",
    "onnx/model_q4.onnx": b"listed nowhere",
    "openvino/model_int8.xml": b"<net/>",
    "openvino/model_int8.bin": b"weights",
}
Offer = Callable[[dict[str, bytes]], str]
"""Puts files into a store and says their URI."""


@pytest.fixture(params=["https", "s3"])
def offer(request: pytest.FixtureRequest, commands: Commands) -> Offer:
    """A store that can't list, and one that can."""

    def on_web(files: dict[str, bytes]) -> str:
        web: WebServer = request.getfixturevalue("web")
        for name, content in files.items():
            web.put(f"/m/{name}", content)
        return f"{web.url}/m"

    def on_s3(files: dict[str, bytes]) -> str:
        s3: S3 = request.getfixturevalue("s3")
        commands.environ.update(s3.environ)
        return lay(s3, files, "m")

    return on_web if request.param == "https" else on_s3


@pytest.mark.parametrize(
    ("variant", "needed"),
    [
        ("auto", set(ARTIFACT) - {"onnx/model_q4.onnx"}),
        (
            "int8",
            {
                "modelyard.json",
                "onnx/model_int8.onnx",
                "openvino/model_int8.xml",
                "openvino/model_int8.bin",
            },
        ),
        ("fp32", {"modelyard.json", "onnx/model.onnx"}),
        ("q4", {"modelyard.json", "onnx/model_q4.onnx"}),
    ],
)
def test_the_forms_that_may_be_chosen_come_with_their_weights(
    commands: Commands, offer: Offer, variant: str, needed: set[str]
) -> None:
    resolved = commands.resolve(offer(ARTIFACT), MODELYARD_MODEL_VARIANT=variant)
    assert resolved["ok"], resolved
    fetched = commands.fetch(resolved["pinned"], MODELYARD_MODEL_VARIANT=variant)
    assert fetched["ok"], fetched
    assert commands.files() == {name: ARTIFACT[name] for name in needed}


@pytest.mark.parametrize(
    "lacking", ["onnx/model_int8.onnx", "openvino/model_int8.xml", "openvino/model_int8.bin"]
)
def test_a_listed_form_that_is_not_there_is_named(commands: Commands, offer: Offer, lacking: str) -> None:
    report = commands.resolve(offer({name: content for name, content in ARTIFACT.items() if name != lacking}))
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    # IR without its weights is no model: the file that `files` lists is what is missed.
    assert lacking.replace(".bin", ".xml") in report["message"]
