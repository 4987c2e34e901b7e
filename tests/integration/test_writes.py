"""The writer against a real API server: what it changes, and above all what it leaves alone."""

import httpx
import pytest

from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import unpack
from modelyard_operator.kube.writer import RefusedError
from tests.integration.parts import Parts
from tests.integration.resources import delete, get, post

pytestmark = pytest.mark.integration


async def test_a_child_is_in_the_cache_with_the_answer(parts: Parts) -> None:
    uid = parts.gather().resource.uid
    await parts.writer.create(parts.config_map(a="1"), parts.namespace, uid)
    child = parts.child("ConfigMap", "one")
    assert child is not None
    await parts.writer.apply(parts.config_map(b="2"), parts.namespace, child)
    child = parts.child("ConfigMap", "one")
    assert child is not None
    assert unpack(child.body)["data"] == {"b": "2"}
    await parts.writer.delete(child, parts.namespace)
    assert parts.child("ConfigMap", "one") is None
    await parts.writer.delete(child, parts.namespace)


async def test_ours_that_the_cache_does_not_know_is_applied(parts: Parts, api: httpx.Client) -> None:
    post(api, "ConfigMap", parts.namespace, parts.config_map(a="1"))
    await parts.writer.create(parts.config_map(a="2"), parts.namespace, parts.gather().resource.uid)
    live = get(api, "ConfigMap", parts.namespace, "one")
    assert live is not None
    assert live["data"] == {"a": "2"}


@pytest.mark.parametrize("owned", [True, False])
async def test_a_strangers_is_never_touched(parts: Parts, api: httpx.Client, owned: bool) -> None:
    stranger = parts.config_map(owner="11111111-2222-3333-4444-555555555555", a="1")
    if not owned:
        del stranger["metadata"]["ownerReferences"]
    post(api, "ConfigMap", parts.namespace, stranger)
    before = get(api, "ConfigMap", parts.namespace, "one")
    with pytest.raises(RefusedError, match=r"exists and .* left alone") as refused:
        await parts.writer.create(parts.config_map(a="2"), parts.namespace, parts.gather().resource.uid)
    assert refused.value.reason == "NameTaken"
    assert get(api, "ConfigMap", parts.namespace, "one") == before


async def test_a_stranger_that_took_the_name_since_is_not_touched(parts: Parts, api: httpx.Client) -> None:
    await parts.writer.create(parts.config_map(a="1"), parts.namespace, parts.gather().resource.uid)
    child = parts.child("ConfigMap", "one")
    assert child is not None
    delete(api, "ConfigMap", parts.namespace, "one")
    post(api, "ConfigMap", parts.namespace, {"metadata": {"name": "one"}})
    before = get(api, "ConfigMap", parts.namespace, "one")
    with pytest.raises(RefusedError):
        await parts.writer.apply(parts.config_map(a="2"), parts.namespace, child)
    await parts.writer.delete(child, parts.namespace)
    assert get(api, "ConfigMap", parts.namespace, "one") == before


async def test_a_child_that_is_gone_is_not_made_by_a_change(parts: Parts, api: httpx.Client) -> None:
    await parts.writer.create(parts.config_map(a="1"), parts.namespace, parts.gather().resource.uid)
    child = parts.child("ConfigMap", "one")
    assert child is not None
    delete(api, "ConfigMap", parts.namespace, "one")
    with pytest.raises(ApiError) as error:
        await parts.writer.apply(parts.config_map(a="2"), parts.namespace, child)
    assert error.value.status == 409
    assert parts.child("ConfigMap", "one") is None
    assert get(api, "ConfigMap", parts.namespace, "one") is None
