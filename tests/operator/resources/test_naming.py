"""Revision names: what changes them, and above all what does not."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.api.model import ModelSpec
from modelyard_operator.api.server import ServerSpec
from modelyard_operator.resources import catalog, naming
from tests.operator.resources.cases import CASES, DEFAULTS, FULL, MINIMAL, context, source


def name(spec: dict[str, Any], pin: str = "a") -> str:
    ctx = context("x", spec)
    return catalog.revision_name(ctx, source(ctx, pin))


def with_server(**server: Any) -> dict[str, Any]:
    return MINIMAL | {"server": server}


def with_model(**model: Any) -> dict[str, Any]:
    return MINIMAL | {"model": MINIMAL["model"] | model}


@pytest.mark.parametrize(
    "same",
    [
        with_server(),
        with_server(resources={}),
        with_server(resources={"requests": {"cpu": "1"}}),
        with_server(
            resources={"requests": {"cpu": 1, "memory": "512Mi"}, "limits": {"memory": "1Gi", "cpu": 1}}
        ),
        with_server(env=[], nodeSelector={}, tolerations=[], podAnnotations={}, podLabels={}),
        with_server(maxConnectionAgeSeconds=300, drainSeconds=15),
        with_server(threads=None, image=None, affinity=None),
        with_server(engine="auto", batching={}, queue={"maxDepth": None}, grpcPort=None, auth=None),
        MINIMAL | {"inputs": {"imageUrls": {"allow": []}, "maxItems": None}},
        with_model(variant="auto", task=None, digest=None),
        MINIMAL | {"cache": {"managed": {}}},
        MINIMAL | {"scaling": {"minReplicas": 3, "maxReplicas": 5}},
        MINIMAL | {"rollout": {"keepWarm": 0}},
        MINIMAL | {"networkPolicy": {"enabled": False}},
    ],
)
def test_what_makes_no_revision(same: dict[str, Any]) -> None:
    assert name(same) == name(MINIMAL)


@pytest.mark.parametrize(
    "other",
    [
        with_server(image="own:1"),
        with_server(threads=2),
        with_server(drainSeconds=16),
        with_server(env=[{"name": "A", "value": "b"}]),
        with_server(resources={"requests": {"cpu": "2"}}),
        with_server(engine="openvino"),
        with_server(batching={"maxSize": 8}),
        with_server(queue={"maxDepth": 8}),
        with_server(grpcPort=9000),
        with_server(auth={"apiKeys": {"secretRef": {"name": "clients"}}}),
        with_server(rateLimit={"requestsPerSecond": 1}),
        with_server(log={"sink": "stdout"}),
        with_server(podAnnotations={"example.org/team": "vision"}),
        with_server(podLabels={"azure.workload.identity/use": "true"}),
        MINIMAL | {"inputs": {"maxBytes": "1Mi"}},
        MINIMAL | {"inputs": {"imageUrls": {"allow": ["example.org"]}}},
        with_model(task="tensor"),
        with_model(variant="quantized"),
        # A pin that is added later must be checked, so new pods must fetch.
        with_model(digest="sha256:" + "0" * 64),
        with_model(secretRef={"name": "s"}),
    ],
)
def test_what_makes_a_revision(other: dict[str, Any]) -> None:
    assert name(other) != name(MINIMAL)


def test_another_pinned_reference_makes_a_revision() -> None:
    assert name(MINIMAL, "a") != name(MINIMAL, "b")


def test_the_rest_of_what_resolve_says_makes_none() -> None:
    ctx = context("minimal")
    one = source(ctx)
    other = replace(one, uri="s3://moved", key="k", digest=None, task=None, bytes=1)
    assert catalog.revision_name(ctx, one) == catalog.revision_name(ctx, other)


def test_the_operators_defaults_make_none() -> None:
    ctx = context("minimal")
    upgraded = replace(ctx, defaults=replace(DEFAULTS, server_image="modelyard-server:2"))
    assert catalog.revision_name(ctx, source(ctx)) == catalog.revision_name(upgraded, source(ctx))


def test_a_field_that_a_newer_operator_adds_with_a_default_makes_none() -> None:
    class NewServer(ServerSpec):
        http2: bool = False

    class NewModel(ModelSpec):
        subfolder: str | None = None

    ctx = context("full")
    newer = ctx.spec.model_copy(
        update={
            "server": NewServer.model_validate(FULL["server"]),
            "model": NewModel.model_validate(FULL["model"]),
        }
    )
    assert catalog.revision_name(replace(ctx, spec=newer), source(ctx)) == catalog.revision_name(
        ctx, source(ctx)
    )
    assert catalog.model_key(newer.model) == catalog.model_key(ctx.spec.model)


def test_known_names_never_change() -> None:
    """Were one of these to change, an operator upgrade would roll out every deployment anew."""
    assert {case: name(spec) for case, spec in CASES.items()} == {
        "minimal": "rnqqe6mnee",
        "full": "rur366mtiz",
        "volume": "rdqik66czu",
        "image": "r2cyfurt5e",
        "edge": "rwi2bk7ktb",
        "keda": "rnqqe6mnee",  # as minimal: who scales is no part of a revision
        "zero": "rnqqe6mnee",
        "identity": "rog7672j7e",
    }


def test_the_examples_keep_the_names_that_they_were_published_with() -> None:
    """The specs as they stood before engines, batching, inputs and the edge could be set."""
    server = {
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    }
    sentiment = {
        "model": {"uri": "s3://models/sentiment", "secretRef": {"name": "artifact-store"}},
        "server": server,
        "cache": {"ttlSeconds": 180, "managed": {}},
        "scaling": {"minReplicas": 1, "maxReplicas": 3, "cpuUtilization": 70},
    }
    assert name(sentiment) == "re2yr7rwsu"
    assert name(sentiment | {"inputs": {}}) == "re2yr7rwsu"
    # As the API server hands out what it had stored before: with today's defaults.
    defaults = {
        "engine": "auto",
        "batching": {},
        "queue": {},
        "maxConnectionAgeSeconds": 300,
        "drainSeconds": 15,
    }
    handed_out = sentiment | {"server": server | defaults, "inputs": {"imageUrls": {}}}
    assert name(handed_out) == "re2yr7rwsu"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            with_server(rateLimit={"requestsPerSecond": 2}),
            with_server(rateLimit={"requestsPerSecond": 2.0, "burst": None}),
        ),
        (with_server(log={"sink": "stdout", "sampling": 1}), with_server(log={"sink": "stdout"})),
        (
            with_server(auth={"apiKeys": {"secretRef": {"name": "a"}, "header": "X-API-Key"}}),
            with_server(auth={"apiKeys": {"secretRef": {"name": "a"}}}),
        ),
    ],
)
def test_two_ways_to_write_the_same_make_one_name(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert name(one) == name(other)


@given(st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
def test_names_fit_where_they_go(pin: str) -> None:
    ctx = context("m" * 40, MINIMAL)
    revision = catalog.revision_name(ctx, replace(source(ctx), pinned=f"s3://b/p@manifest:{pin}"))
    assert re.fullmatch("r[a-z2-7]{9}", revision)
    assert revision != naming.NO_REVISION
    assert len(naming.of_revision(ctx, revision)) == 51


def test_every_name_is_a_label_value_and_a_dns_label() -> None:
    ctx = context("m" * 40, FULL)
    revision = catalog.birth(ctx, source(ctx))
    names = [
        *(child["metadata"]["name"] for child in (*catalog.shared(ctx), *catalog.secrets(ctx))),
        catalog.resolve_job(ctx, catalog.model_key(ctx.spec.model))["metadata"]["name"],
        revision.deployment["metadata"]["name"],
    ]
    assert max(map(len, names)) <= 57
    assert all(re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", each) for each in names)


def test_the_model_key_follows_the_model_alone() -> None:
    key = catalog.model_key(ModelSpec.model_validate(MINIMAL["model"]))
    assert key == catalog.model_key(ModelSpec.model_validate(MINIMAL["model"] | {"variant": "auto"}))
    assert key != catalog.model_key(ModelSpec(uri="s3://models/other"))
    assert re.fullmatch("[0-9a-f]{16}", key)
