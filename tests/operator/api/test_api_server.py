"""The CRD on a real API server: what it takes, what it refuses, and in which words."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.crd import crd
from modelyard_operator.api.deployment import KIND, PLURAL, ModelDeploymentSpec
from modelyard_operator.api.model import Task
from tests.control_plane import ControlPlane, wait_until
from tests.operator.api.strategies import SPECS

pytestmark = pytest.mark.integration

MODEL = {"uri": "s3://models/sentiment"}
COLLECTION = f"/apis/{API_VERSION}/namespaces/default/{PLURAL}"


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    """A client of an API server that has the CRD."""
    applied = control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crd())
    assert applied.returncode == 0, applied.stderr
    with control_plane.client() as client:
        wait_until(lambda: client.get(COLLECTION).status_code == 200, "the CRD")
        yield client


def deployment(spec: dict[str, Any], name: str = "x") -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def dry_run(api: httpx.Client, manifest: dict[str, Any]) -> httpx.Response:
    return api.post(COLLECTION, params={"dryRun": "All", "fieldValidation": "Strict"}, json=manifest)


def spec(**parts: Any) -> dict[str, Any]:
    return {"model": MODEL, **parts}


def uri(text: str) -> dict[str, Any]:
    return {"model": {"uri": text}}


SCHEMES = (
    'spec.model.uri: Invalid value: "string": unknown kind of source: use hf://ORG/REPO[@REVISION], '
    "s3://BUCKET/PREFIX, https://HOST/PATH, pvc://CLAIM/PATH or file:///PATH in the server image"
)
CACHE = (
    'spec.cache: Invalid value: "object": a cache is either managed or external: write `managed: {}` to let '
    "the operator run one, or `external` with the Secret of yours"
)
QUANTITY = "is not a quantity: write it as 500m, 2, 512Mi or 1Gi"
HTTPS = (
    'spec.model.uri: Invalid value: "string": is no https source: write it as https://HOST/PATH; credentials '
    "belong into the Secret of model.secretRef"
)

TASKS = ", ".join(f'"{task}"' for task in Task)
ADDRESS = "is no https address: write it as https://HOST/PATH, without user, query and fragment"
LOG_PATH = (
    'spec.server.log: Invalid value: "object": path belongs to the sink file, and that needs one: write both '
    "or neither"
)
LOG_URL = (
    'spec.server.log: Invalid value: "object": url belongs to the sink http, and that needs one: write both '
    "or neither"
)

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
"""The API server adds this where the schema itself does not hold."""

REFUSED = [
    (uri("gs://bucket/x"), SCHEMES),
    (uri("./model"), SCHEMES),
    (uri("HF://org/repo"), SCHEMES),
    (
        uri("hf://only"),
        'spec.model.uri: Invalid value: "string": is no hf source: write it as hf://ORG/REPO, or '
        "hf://ORG/REPO@REVISION/FOLDER",
    ),
    (
        uri("s3://B/x"),
        'spec.model.uri: Invalid value: "string": is no s3 source: write it as s3://BUCKET/PREFIX',
    ),
    (uri("https://host"), HTTPS),
    (uri("https://me:secret@host/x"), HTTPS),
    (
        uri("pvc:///x"),
        'spec.model.uri: Invalid value: "string": is no pvc source: write it as pvc://CLAIM/PATH',
    ),
    (
        uri("file://x/y"),
        'spec.model.uri: Invalid value: "string": is no file source: write it as file:///PATH, a path inside '
        "the server image",
    ),
    (
        uri("pvc://claim/../x"),
        "spec.model.uri: Invalid value: \"string\": a path must not climb with '..': write where it leads",
    ),
    (
        uri("s3://bucket/a b"),
        'spec.model.uri: Invalid value: "string": a URI has no spaces: write each as %20',
    ),
    (
        {"model": MODEL | {"digest": "abc"}},
        'spec.model.digest: Invalid value: "string": is no digest: copy it from '
        "status.model.digest (sha256: and 64 hex digits)",
    ),
    (
        {"model": MODEL | {"task": "poetry"}},
        f'spec.model.task: Unsupported value: "poetry": supported values: {TASKS}',
    ),
    (
        {"model": MODEL | {"variant": "a/b"}},
        'spec.model.variant: Invalid value: "string": is no variant: use letters, digits, '
        "'.', '_' and '-', or leave it out",
    ),
    (
        {"model": MODEL | {"secretRef": {"name": "No Name"}}},
        'spec.model.secretRef.name: Invalid value: "string": is no name of an object: use '
        "lower-case letters, digits, '-' and '.'",
    ),
    ({}, "spec.model: Required value"),
    (
        spec(scaling={"minReplicas": 5}),
        'spec.scaling: Invalid value: "object": minReplicas must not be above maxReplicas: '
        "raise maxReplicas or lower minReplicas",
    ),
    (
        spec(scaling={"minReplicas": 0}),
        "spec.scaling.minReplicas: Invalid value: 0: spec.scaling.minReplicas in body should "
        "be greater than or equal to 1",
    ),
    (spec(cache={}), CACHE),
    (spec(cache={"managed": {}, "external": {"secretRef": {"name": "s"}}}), CACHE),
    (
        spec(cache={"managed": {"maxMemory": "0"}}),
        'spec.cache.managed.maxMemory: Invalid value: "": is too little for a cache: at least 1Mi',
    ),
    (
        spec(cache={"managed": {"maxMemory": "lots"}}),
        f'spec.cache.managed.maxMemory: Invalid value: "": {QUANTITY}',
    ),
    (
        spec(server={"resources": {"requests": {"cpu": -1}}}),
        f'spec.server.resources.requests[cpu]: Invalid value: "": {QUANTITY}',
    ),
    (
        spec(server={"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}}),
        'spec.server.resources: Invalid value: "object": a request must not be above its '
        "limit: raise the limit or lower the request",
    ),
    (
        spec(server={"env": [{"name": "MODELYARD_PORT", "value": "1"}]}),
        'spec.server.env[0].name: Invalid value: "string": names that begin with MODELYARD_ '
        "are the operator's: use the fields of spec, or another name",
    ),
    (
        spec(server={"env": [{"name": "1A"}]}),
        'spec.server.env[0].name: Invalid value: "string": is no name of a variable: use '
        "letters, digits and '_', no digit first",
    ),
    (
        spec(server={"env": [{"name": "A"}, {"name": "A"}]}),
        'spec.server.env[1]: Duplicate value: {"name":"A"}',
    ),
    (
        spec(server={"podAnnotations": {"modelyard.dev/x": "y"}}),
        'spec.server.podAnnotations: Invalid value: "object": annotations that begin with '
        "modelyard.dev/ are the operator's: use another prefix",
    ),
    (
        spec(server={"engine": "tensorrt"}),
        'spec.server.engine: Unsupported value: "tensorrt": supported values: "auto", "onnxruntime", '
        '"openvino"',
    ),
    (
        spec(server={"grpcPort": 8080}),
        'spec.server.grpcPort: Invalid value: "integer": 8080 is the port of the HTTP API: choose another '
        "one, such as 9000",
    ),
    (
        spec(server={"auth": {}}),
        'spec.server.auth: Invalid value: "object": names no way to be known: write apiKeys, jwt or both; '
        "or leave auth out",
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "http://id.example", "audiences": ["a"]}}}),
        f'spec.server.auth.jwt.issuer: Invalid value: "string": {ADDRESS}',
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "https://me@id.example", "audiences": ["a"]}}}),
        f'spec.server.auth.jwt.issuer: Invalid value: "string": {ADDRESS}',
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "https://id.example", "audiences": []}}}),
        "spec.server.auth.jwt.audiences: Invalid value: 0: spec.server.auth.jwt.audiences in body should "
        "have at least 1 items",
    ),
    (
        spec(server={"auth": {"apiKeys": {"secretRef": {"name": "a"}, "header": "X Key"}}}),
        'spec.server.auth.apiKeys.header: Invalid value: "string": is no name of a header: use letters, '
        "digits and '-', such as X-API-Key",
    ),
    (
        spec(server={"rateLimit": {"requestsPerSecond": 0}}),
        'spec.server.rateLimit.requestsPerSecond: Invalid value: "number": lets nobody ask: write a number '
        "above 0, or leave rateLimit out for no limit",
    ),
    (spec(server={"log": {"sink": "file"}}), LOG_PATH),
    (spec(server={"log": {"sink": "stdout", "path": "/var/log/modelyard/x"}}), LOG_PATH),
    (spec(server={"log": {"sink": "http"}}), LOG_URL),
    (
        spec(server={"log": {"sink": "file", "path": "/var/log/modelyard/../x"}}),
        'spec.server.log.path: Invalid value: "string": is no file of the log volume: write it as '
        "/var/log/modelyard/NAME",
    ),
    (
        spec(server={"log": {"sink": "stdout", "sampling": 1.5}}),
        "spec.server.log.sampling: Invalid value: 1.5: spec.server.log.sampling in body should be less than "
        "or equal to 1",
    ),
    (
        spec(server={"batching": {"maxSize": 0}}),
        "spec.server.batching.maxSize: Invalid value: 0: spec.server.batching.maxSize in body should be "
        "greater than or equal to 1",
    ),
    (
        spec(inputs={"imageUrls": {"allow": ["https://images.example.org"]}}),
        'spec.inputs.imageUrls.allow[0]: Invalid value: "string": is no host: write images.example.org, '
        "*.example.org, images.example.org:8443, or http://store.images.svc:9000 for a store inside the "
        "cluster",
    ),
    (
        spec(inputs={"maxBytes": "100m"}),
        'spec.inputs.maxBytes: Invalid value: "": is not within bounds: from 1Ki to 1Gi',
    ),
    (
        spec(rollout={"rollbackWindow": "soon"}),
        'spec.rollout.rollbackWindow: Invalid value: "string": is not a duration: write it as '
        "30s, 10m or 1h30m",
    ),
    (
        spec(rollout={"deadline": "0s"}),
        'spec.rollout.deadline: Invalid value: "string": must be longer than no time at all: such as 10m',
    ),
]


@pytest.mark.parametrize(("bad", "message"), REFUSED)
def test_bad_input_is_refused_in_words_that_help(
    api: httpx.Client, bad: dict[str, Any], message: str
) -> None:
    answer = dry_run(api, deployment(bad))
    assert answer.status_code == 422
    said = answer.json()["message"].removeprefix('ModelDeployment.modelyard.dev "x" is invalid: ')
    assert said in (message, f"[{message}, {UNCHECKED}]")


NAME_SHAPE = (
    "metadata.name becomes the name of a Service: begin with a letter, go on with lower-case letters, digits "
    "and '-', and do not end with '-'"
)
NAME_LENGTH = "metadata.name is too long: 40 characters at most, for children add their own suffix to it"


@pytest.mark.parametrize(
    ("name", "message"), [("9a", NAME_SHAPE), ("a.b", NAME_SHAPE), ("a" * 41, NAME_LENGTH)]
)
def test_a_name_that_children_could_not_have_is_refused(api: httpx.Client, name: str, message: str) -> None:
    answer = dry_run(api, deployment(spec(), name))
    assert answer.status_code == 422
    assert answer.json()["message"].endswith(f'Invalid value: "object": {message}')


def test_a_name_of_40_characters_is_taken(api: httpx.Client) -> None:
    assert dry_run(api, deployment(spec(), "a" * 40)).status_code == 201


def test_a_misspelt_field_is_named(control_plane: ControlPlane, api: httpx.Client) -> None:
    manifest = deployment(spec(server={"imgae": "x"}))
    applied = control_plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=manifest)
    assert applied.returncode != 0
    assert 'unknown field "spec.server.imgae"' in applied.stderr


@given(SPECS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_it_takes_is_read_and_read_again(api: httpx.Client, wanted: dict[str, Any]) -> None:
    answer = dry_run(api, deployment(wanted))
    assert answer.status_code == 201, answer.json()["message"]
    stored = answer.json()["spec"]
    read = ModelDeploymentSpec.model_validate(stored)
    assert ModelDeploymentSpec.model_validate(read.to_dict()) == read
    # What the API server fills in changes nothing: not what is read, not what a revision's name is made of.
    assert read == ModelDeploymentSpec.model_validate(wanted)
    assert read.server.set_fields() == ModelDeploymentSpec.model_validate(wanted).server.set_fields()
    assert dry_run(api, deployment(read.to_dict())).status_code == 201


def test_nobody_has_looked_at_a_new_one(api: httpx.Client) -> None:
    created = dry_run(api, deployment(spec())).json()
    assert created["status"] == {"observedGeneration": -1}


@pytest.fixture
def stored(api: httpx.Client) -> Iterator[str]:
    """The path of a ModelDeployment with a status."""
    path = f"{COLLECTION}/shown"
    created = api.post(COLLECTION, json=deployment(spec(), "shown"))
    assert created.status_code == 201
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Serving",
        "message": "",
        "lastTransitionTime": "2026-11-21T09:00:00Z",
    }
    status = {
        "observedGeneration": 1,
        "url": "http://shown.default.svc",
        "stableRevision": "rabcdefghi",
        "replicas": 2,
        "conditions": [ready],
    }
    written = api.put(f"{path}/status", json=created.json() | {"status": status})
    assert written.json()["status"] == status
    yield path
    api.delete(path)


def test_the_table_shows_what_people_look_for(control_plane: ControlPlane, stored: str) -> None:
    def table(*args: str) -> list[list[str]]:
        shown = control_plane.kubectl("get", "mdep", *args)
        return [line.split() for line in shown.stdout.splitlines()]

    header, row = table()
    assert header == ["NAME", "URL", "READY", "REVISION", "REPLICAS", "AGE"]
    assert row[:5] == ["shown", "http://shown.default.svc", "True", "rabcdefghi", "2"]
    assert table("-o", "wide")[0] == [*header, "REASON", "DIGEST"]
    assert control_plane.kubectl("get", "all").stdout.count("modeldeployment.modelyard.dev/shown") == 1


def test_the_status_is_apart_from_the_spec(api: httpx.Client, stored: str) -> None:
    current = api.get(stored).json()
    tried = current | {
        "status": {"observedGeneration": 7},
        "spec": current["spec"] | {"scaling": {"maxReplicas": 9}},
    }
    after = api.put(stored, json=tried).json()
    assert after["status"] == current["status"]
    assert after["metadata"]["generation"] == current["metadata"]["generation"] + 1


def test_every_field_is_explained(control_plane: ControlPlane, api: httpx.Client) -> None:
    def explained() -> str:
        return control_plane.kubectl("explain", "mdep.spec.scaling").stdout

    wait_until(lambda: "maxReplicas" in explained(), "the OpenAPI document", 60)
    assert "Never more pods than this." in explained()


def test_it_may_be_applied_by_either_way_of_kubectl(control_plane: ControlPlane, api: httpx.Client) -> None:
    for args in ((), ("--server-side", "--force-conflicts")):
        applied = control_plane.kubectl("apply", *args, "-f", "-", stdin=json.dumps(crd()))
        assert applied.returncode == 0, applied.stderr
