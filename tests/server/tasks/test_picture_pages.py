"""The pages of the picture tasks say what the code has, and what a server answers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.artifact.detection_section import MAX_DETECTIONS, DetectionSection
from modelyard_server.artifact.image_section import Channels, ImageSection, Interpolation, Layout, Resize
from modelyard_server.batching.dynamic import DEFAULT_MAX_BYTES
from modelyard_server.inputs.download import Bounds
from modelyard_server.inputs.pictures import AT_ONCE, AT_ONCE_OF_ONE, OF_ALL_REQUESTS, OF_ONE_REQUEST
from modelyard_server.settings import Settings
from modelyard_server.tasks.detection_settings import Form
from modelyard_server.tasks.detections import (
    DEFAULT_CONFIDENCE,
    DEFAULT_IOU,
    DEFAULT_MAX_DETECTIONS,
    Thresholds,
)
from tests.server.conftest import Serve

ROOT = Path(__file__).parents[3]
TASKS = ROOT / "docs" / "tasks"
CLASSES = (TASKS / "image-classification.md").read_text()
BOXES = (TASKS / "object-detection.md").read_text()
PICTURE = re.compile(r"iVBORw0KGgo[\w+/]+=*")


@pytest.mark.parametrize("field", ImageSection.model_fields.values(), ids=lambda field: field.alias)
def test_every_key_of_image_is_told(field: Any) -> None:
    assert re.search(rf"^\| .*`{field.alias}`.* \|.*\|.*\|$", CLASSES, re.MULTILINE)


@pytest.mark.parametrize("value", [*Resize, *Interpolation, *Channels, *Layout])
def test_every_value_is_told(value: str) -> None:
    assert f"`{value}`" in CLASSES


@pytest.mark.parametrize(
    ("alias", "default"),
    [("confidence", DEFAULT_CONFIDENCE), ("iou", DEFAULT_IOU), ("maxDetections", DEFAULT_MAX_DETECTIONS)],
)
def test_every_key_of_detection_is_told(alias: str, default: float) -> None:
    assert alias in {field.alias for field in DetectionSection.model_fields.values()}
    assert re.search(rf"^\| `{alias}` \|.*\| {default} \|$", BOXES, re.MULTILINE)
    assert f"{MAX_DETECTIONS:,} at most" in BOXES


def test_every_parameter_of_a_request_is_told() -> None:
    for parameter in Thresholds(DetectionSection(), Form.CANDIDATES).parameters():
        assert f"`{parameter['name']}`" in BOXES


def test_every_limit_is_told() -> None:
    bounds = Bounds(0)
    for words in (
        f"else {Settings.max_items:,}",
        f"else {Settings.max_body_bytes // 2**20} MiB",
        f"else {Settings.max_pixels:,}",
        f"{DEFAULT_MAX_BYTES // 2**20} MiB, else 503",
        f"within {bounds.seconds:g} s, a connection within {bounds.connect_seconds:g} s",
        f"and {bounds.idle_seconds:g} s may pass",
        f"at most {bounds.redirects} redirects",
        f"{AT_ONCE} pictures are on their way at a time, {AT_ONCE_OF_ONE} of one request",
        f"may have {OF_ONE_REQUEST} times the bytes of the",
        f"{OF_ALL_REQUESTS} times `maxBytes`, else 503",
    ):
        assert words in CLASSES, words


@pytest.mark.parametrize("page", [CLASSES, BOXES])
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page)

    assert links
    assert [link for link in links if not (TASKS / link).resolve().exists()] == []


def answers(page: str, after: str) -> Any:
    """The answer that follows a request on a page."""
    return json.loads(page[page.index(after) :].split("```json\n", 1)[1].split("\n```", 1)[0])


async def test_the_requests_of_the_page_get_its_answers(serve: Serve) -> None:
    pictures = PICTURE.findall(CLASSES)
    [picture] = set(pictures)
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [picture]}
    async with serve(ROOT / "examples" / "digits-image" / "model", deployment="digits-image") as client:
        own = await client.predict({"image": [picture]}, params={"top_k": 2})
        v2 = await client.post(
            "/v2/models/digits-image/infer", json={"parameters": {"top_k": 2}, "inputs": [tensor]}
        )
        cut = await client.predict({"image": [picture[:80]]})
        remote = await client.predict({"image": ["https://images.example.org/cat.jpg"]})

    assert rounded(own.json()) == rounded(answers(CLASSES, "predict?top_k=2"))
    assert rounded(v2.json()["outputs"]) == rounded(answers(CLASSES, "/v2/models")["outputs"])
    refusals = CLASSES[CLASSES.index("### Refusals") :]
    assert cut.json() == answers(refusals, "### Refusals")
    assert remote.json() == answers(refusals, "cut off: ")


def rounded(value: Any) -> Any:
    """With scores of two decimals: engines of other machines round otherwise."""
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 2))
