"""The generated CRD, without an API server."""

from collections.abc import Iterator
from typing import Any

import orjson

from modelyard_operator.api.crd import crd, schema
from modelyard_operator.api.rules import KEY

FREE_FORM = "x-kubernetes-preserve-unknown-fields"


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field below `schema`, with its path."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from fields(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from fields(schema[key], f"{path}[]")


def test_every_field_is_described() -> None:
    bare = [path for path, field in fields(schema()) if not field.get("description") and path != ".metadata"]
    assert bare == []


def test_it_is_small() -> None:
    assert len(orjson.dumps(crd())) < 100_000


def test_it_is_structural() -> None:
    def check(schema: dict[str, Any], path: str) -> None:
        assert not {"$ref", "anyOf", "oneOf", "title", "const", "$defs"} & set(schema), path
        assert "type" in schema or schema.get("x-kubernetes-int-or-string"), path
        assert schema.get("additionalProperties") not in (True, False), path
        for key in ("items", "additionalProperties"):
            if key in schema:
                check(schema[key], f"{path}[]")
        for name, child in schema.get("properties", {}).items():
            check(child, f"{path}.{name}")

    check(schema(), "")


def test_every_string_list_and_map_of_the_spec_is_bounded() -> None:
    limits = {"string": "maxLength", "array": "maxItems"}
    for path, field in fields(schema()["properties"]["spec"]):
        limit = limits.get(field.get("type", ""))
        if limit and "enum" not in field:
            assert limit in field, path
        if "additionalProperties" in field:
            assert "maxProperties" in field, path


def test_free_form_is_only_what_the_api_server_checks_on_the_child() -> None:
    def free(schema: dict[str, Any], path: str = "") -> Iterator[str]:
        if schema.get(FREE_FORM):
            yield path
        for name, child in schema.get("properties", {}).items():
            yield from free(child, f"{path}.{name}")
        if "items" in schema:
            yield from free(schema["items"], f"{path}[]")

    assert list(free(schema()["properties"]["spec"])) == [
        ".server.affinity",
        ".server.topologySpreadConstraints[]",
        ".scaling.behavior",
        ".networkPolicy.from[]",
    ]


def test_every_rule_says_what_to_do() -> None:
    rules = [rule for _, field in fields(schema()) for rule in field.get(KEY, ())] + schema()[KEY]
    assert len(rules) > 20
    assert all(rule["message"] and "\n" not in rule["message"] for rule in rules)


def test_published_defaults_never_change() -> None:
    """A default is part of what users rely on, and of what a revision's name leaves out."""
    spec = schema()["properties"]["spec"]
    defaults = {path: field["default"] for path, field in fields(spec) if "default" in field}
    assert defaults == {
        ".model.variant": "auto",
        ".server": {
            "engine": "auto",
            "resources": {},
            "batching": {},
            "queue": {},
            "maxConnectionAgeSeconds": 300,
            "drainSeconds": 15,
        },
        ".server.engine": "auto",
        ".server.resources": {},
        ".server.env[].value": "",
        ".server.batching": {},
        ".server.queue": {},
        ".server.auth.apiKeys.header": "X-API-Key",
        ".server.log.sampling": 1.0,
        ".server.maxConnectionAgeSeconds": 300,
        ".server.drainSeconds": 15,
        ".inputs": {"imageUrls": {}},
        ".inputs.imageUrls": {},
        ".cache.ttlSeconds": 180,
        ".cache.managed.maxMemory": "64Mi",
        ".scaling": {"minReplicas": 1, "maxReplicas": 3, "cpuUtilization": 70},
        ".scaling.minReplicas": 1,
        ".scaling.maxReplicas": 3,
        ".scaling.cpuUtilization": 70,
        ".scaling.toZero.idle": "10m",
        ".scaling.toZero.addOnNamespace": "keda",
        ".routing": {"mode": "auto"},
        ".routing.mode": "auto",
        ".routing.retries.attempts": 2,
        ".routing.retries.retryOn": [
            "connect-failure",
            "refused-stream",
            "reset",
            "unavailable",
            "cancelled",
        ],
        ".routing.outlierDetection.consecutiveErrors": 5,
        ".routing.outlierDetection.interval": "10s",
        ".routing.outlierDetection.ejectionTime": "30s",
        ".routing.outlierDetection.maxEjectionPercent": 50,
        ".rollout": {
            "keepRevisions": 2,
            "keepWarm": 1,
            "rollbackWindow": "10m",
            "deadline": "10m",
            "paused": False,
        },
        ".rollout.keepRevisions": 2,
        ".rollout.keepWarm": 1,
        ".rollout.rollbackWindow": "10m",
        ".rollout.deadline": "10m",
        ".rollout.paused": False,
        ".rollout.steps[].approval.required": 1,
        ".rollout.steps[].approval.forbidSelfApproval": False,
        ".rollout.steps[].analysis.compare.latency": True,
        ".rollout.steps[].analysis.compare.errors": True,
        ".rollout.steps[].analysis.compare.confidence": 0.99,
        ".rollout.steps[].analysis.compare.maxSlower": 0.2,
        ".rollout.steps[].analysis.compare.maxMoreErrors": 0.05,
        ".rollout.steps[].analysis.webhooks[].timeout": "10s",
        ".rollout.steps[].analysis.jobs[].env[].value": "",
        ".rollout.steps[].analysis.jobs[].timeout": "5m",
        ".rollout.analysis.interval": "30s",
        ".rollout.analysis.minRequests": 50,
        ".rollout.analysis.compare": {
            "latency": True,
            "errors": True,
            "confidence": 0.99,
            "maxSlower": 0.2,
            "maxMoreErrors": 0.05,
        },
        ".rollout.analysis.compare.latency": True,
        ".rollout.analysis.compare.errors": True,
        ".rollout.analysis.compare.confidence": 0.99,
        ".rollout.analysis.compare.maxSlower": 0.2,
        ".rollout.analysis.compare.maxMoreErrors": 0.05,
        ".rollout.analysis.webhooks[].timeout": "10s",
        ".rollout.analysis.jobs[].env[].value": "",
        ".rollout.analysis.jobs[].timeout": "5m",
        ".rollout.analysis.onNoData": "hold",
        ".rollout.analysis.failureLimit": 2,
        ".monitoring": {"serviceMonitor": "auto"},
        ".monitoring.serviceMonitor": "auto",
        ".networkPolicy": {"enabled": True},
        ".networkPolicy.enabled": True,
        ".notifications[].events": [
            "rolloutStarted",
            "waitingForApproval",
            "promoted",
            "aborted",
            "sourceDrifted",
        ],
        ".notifications[].smtp.port": 587,
        ".notifications[].smtp.tls": "starttls",
    }
    assert schema()["properties"]["status"]["default"] == {"observedGeneration": -1}
    assert not any("default" in field for _, field in fields(schema()["properties"]["status"]))
