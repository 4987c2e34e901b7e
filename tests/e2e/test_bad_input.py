"""What a person sees who got something wrong: in the answer to kubectl apply, or in status."""

from pathlib import Path
from typing import Any

import pytest

from demo.shell import ROOT, CommandError
from tests.e2e.cluster import Namespace, Resource, condition, sentiment

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"model": {"uri": "ftp://host/model"}}, ["model.uri", "s3://", "hf://"]),
        ({"scaling": {"minReplicas": 5, "maxReplicas": 2}}, ["minReplicas", "maxReplicas"]),
        ({"cache": {"ttlSeconds": 60}}, ["managed", "external"]),
    ],
)
async def test_refused_at_once(namespace: Namespace, spec: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        namespace.apply(sentiment(**spec))
    for word in words:
        assert word in str(refused.value)


async def test_a_name_that_services_refuse(namespace: Namespace) -> None:
    with pytest.raises(CommandError, match=r"name"):
        namespace.apply(sentiment(name="9lives"))


async def test_a_missing_artifact_is_named(namespace: Namespace) -> None:
    namespace.apply(sentiment(model={"uri": "s3://models/nothing-here"}))
    found = await namespace.says("Stalled", "True", "NotFound")
    assert "s3://models/nothing-here" in found["message"]
    assert condition(namespace.mdep(), "Ready")["status"] == "False"


async def test_wrong_keys_are_told_apart_from_a_missing_artifact(namespace: Namespace) -> None:
    secret = namespace.get("secret", "artifact-store")
    wrong = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "wrong-keys"},
        "data": {**secret["data"], "AWS_SECRET_ACCESS_KEY": "d3Jvbmc="},
    }
    namespace.apply(wrong, sentiment(model={"secretRef": {"name": "wrong-keys"}}))
    found = await namespace.says("Stalled", "True", "Forbidden")
    assert "wrong-keys" in found["message"] or "secretRef" in found["message"]
    assert "d3Jvbmc=" not in found["message"]


async def test_a_digest_that_does_not_match(namespace: Namespace) -> None:
    namespace.apply(sentiment(model={"digest": "sha256:" + "0" * 64}))
    found = await namespace.says("Stalled", "True", "DigestMismatch")
    assert "0" * 12 in found["message"]


def digits(uri: str) -> Resource:
    small = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
    return sentiment("digits", model={"uri": uri, "task": "tensor"}, server={"resources": small})


def put(namespace: Namespace, tmp_path: Path, content: bytes) -> str:
    """An artifact whose one file is `content`, in the store; its URI."""
    folder = tmp_path / f"e2e-{tmp_path.name.replace('_', '-')}" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    namespace.target.store([folder])
    return f"s3://models/{folder.parent.name}"


async def test_a_source_that_changed_is_not_served(namespace: Namespace, tmp_path: Path) -> None:
    model = (ROOT / "examples/digits/model/model.onnx").read_bytes()
    uri = put(namespace, tmp_path, model)
    namespace.apply(digits(uri))
    revision = (await namespace.ready("digits"))["status"]["stableRevision"]
    put(namespace, tmp_path, model + b"other")
    namespace.run("delete", "pod", "-l", f"modelyard.dev/revision={revision}", "--wait=false")

    def told() -> bool:
        found = condition(namespace.mdep("digits"), "Ready")
        return bool(found["status"] == "False" and "changed since this revision was made" in found["message"])

    await namespace.until("status says that the source changed", told)
    put(namespace, tmp_path, model)
    await namespace.ready("digits")


async def test_a_file_that_is_no_model(namespace: Namespace, tmp_path: Path) -> None:
    namespace.apply(digits(put(namespace, tmp_path, b"this is no ONNX file")))

    def told() -> str | None:
        found = condition(namespace.mdep("digits"), "Stalled")
        message: str = found["message"]
        return message if found["status"] == "True" else None

    message = await namespace.until("status says so", told)
    assert "ONNX" in message or "model.onnx" in message
    assert condition(namespace.mdep("digits"), "Ready")["status"] == "False"


async def test_a_name_taken_by_a_stranger(namespace: Namespace) -> None:
    stranger = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "sentiment"},
        "spec": {"selector": {"app": "mine"}, "ports": [{"port": 80}]},
    }
    namespace.apply(stranger)
    namespace.apply(sentiment())
    found = await namespace.says("Stalled", "True", "NameTaken")
    assert "sentiment" in found["message"]
    assert namespace.get("svc", "sentiment")["spec"]["selector"] == {"app": "mine"}
    namespace.run("delete", "svc", "sentiment")
    await namespace.ready()


async def test_memory_too_small_for_the_model(namespace: Namespace) -> None:
    namespace.apply(
        sentiment(
            server={
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "1", "memory": "64Mi"},
                }
            }
        )
    )

    def told() -> str | None:
        message: str = condition(namespace.mdep(), "Ready")["message"]
        return message if "memory" in message else None

    message = await namespace.until("status names the memory limit", told)
    assert "limits.memory" in message
    assert condition(namespace.mdep(), "Ready")["status"] == "False"


async def test_a_pod_that_cannot_be_scheduled(namespace: Namespace) -> None:
    namespace.apply(sentiment(server={"nodeSelector": {"kubernetes.io/hostname": "nowhere"}}))

    def told() -> str | None:
        message: str = condition(namespace.mdep(), "Ready")["message"]
        return message if "node" in message.lower() and "0/1" in message else None

    await namespace.until("status has the scheduler's words", told)
