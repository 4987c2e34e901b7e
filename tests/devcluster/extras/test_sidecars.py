import io
import json
import tarfile
from typing import Any

import pytest
import yaml

from devcluster import sources
from devcluster.components.istiod import MESH, STATS_PREFIX
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.extras.injection import CHART, IMAGE, configuration, webhook
from devcluster.extras.sidecars import SIDECARS_EXTRA, standard_metrics
from devcluster.sidecar import BOOTSTRAP, bootstrap, image
from devcluster.sources import Sources
from grafana.pods import SIDECARS
from tests.grafana.queries import filled

VALUES = {
    "_internal_defaults_do_not_set": {
        "global": {"proxy": {"statusPort": 15020, "image": "proxyv2"}, "istioNamespace": "istio-system"},
        "gateways": {"seccompProfile": {}},
        "replicaCount": 1,
    }
}


def keep(settings: Settings, source: Sources, *texts: str) -> None:
    """Has the cache hold these texts for the source's files."""
    folder = sources.folder(settings, source)
    folder.mkdir(parents=True)
    for n, (file, text) in enumerate(zip(source.files, texts, strict=True)):
        (folder / f"{n}.json").write_text(json.dumps({"file": file, "text": text}))


def test_what_is_injected_is_istio_s_own_with_the_image_of_this_cluster(settings: Settings) -> None:
    keep(settings, CHART, "metadata: {}", yaml.safe_dump(VALUES))
    data = configuration(settings)["data"]
    assert yaml.safe_load(data["config"])["templates"] == {"sidecar": "metadata: {}"}
    values = json.loads(data["values"])
    assert set(values) == {"global", "revision", "sidecarInjectorWebhook", "pilot", "gateways"}
    assert values["global"]["istioNamespace"] == "istio-system"
    proxy = values["global"]["proxy"]
    assert (proxy["image"], proxy["statusPort"]) == (IMAGE, 15020)
    # What Pod Security's profile "restricted" asks for besides what the template has.
    assert proxy["seccompProfile"] == {"type": "RuntimeDefault"}
    assert values["pilot"]["cni"]["enabled"] is True


def test_pods_are_injected_where_the_namespace_or_the_pod_asks_for_it() -> None:
    chosen = [
        tuple(
            (rule["key"], rule["operator"], *rule.get("values", ()))
            for selector in ("namespaceSelector", "objectSelector")
            for rule in hook[selector]["matchExpressions"]
        )
        for hook in webhook()["webhooks"]
    ]
    assert chosen == [
        (("istio-injection", "In", "enabled"), ("sidecar.istio.io/inject", "NotIn", "false")),
        (("istio-injection", "DoesNotExist"), ("sidecar.istio.io/inject", "In", "true")),
    ]


def test_the_webhook_is_made_last(settings: Settings) -> None:
    assert SIDECARS_EXTRA.after(settings)[-1]["kind"] == "MutatingWebhookConfiguration"


def loggers() -> dict[str, dict[str, Any]]:
    """What counts requests, by the side of the proxy."""
    found = {}
    for patch in standard_metrics()["spec"]["configPatches"]:
        (log,) = patch["patch"]["value"]["typed_config"]["access_log"]
        found[patch["match"]["context"]] = log["typed_config"]
    return found


def test_requests_are_counted_under_the_names_that_the_dashboard_asks_for() -> None:
    inbound = loggers()["SIDECAR_INBOUND"]
    assert inbound["stats_scope"]["prefix"] == STATS_PREFIX
    assert MESH["defaultConfig"]["proxyStatsMatcher"]["inclusionPrefixes"] == [STATS_PREFIX]
    (counter,), (histogram,) = inbound["counters"], inbound["histograms"]
    names = {counter["stat"]["name"], f"{histogram['stat']['name']}_bucket"}
    tags = {tag["name"]: tag["value_format"] for tag in counter["stat"]["tags"]}
    for asked, expr in filled():
        if asked.row == SIDECARS:
            assert any(name in expr for name in names), asked
    assert tags["reporter"] == "destination"
    assert {"destination_workload", "destination_workload_namespace", "response_code"} <= set(tags)


def test_both_sides_of_a_proxy_count() -> None:
    reporters = {
        context: next(
            tag["value_format"] for tag in each["counters"][0]["stat"]["tags"] if tag["name"] == "reporter"
        )
        for context, each in loggers().items()
    }
    assert reporters == {"SIDECAR_INBOUND": "destination", "SIDECAR_OUTBOUND": "source"}


def test_the_proxy_knows_the_names_from_its_start(settings: Settings) -> None:
    keep(settings, BOOTSTRAP, '{"node": {}, "bootstrap_extensions": [\n{"name": "another"}]}')
    ours, another = json.loads(bootstrap(settings))["bootstrap_extensions"]
    assert (ours["name"], another["name"]) == ("envoy.bootstrap.wasm", "another")


def test_a_bootstrap_of_another_layout_is_refused(settings: Settings) -> None:
    keep(settings, BOOTSTRAP, '{"node": {}}')
    with pytest.raises(DevclusterError, match="bootstrap_extensions"):
        bootstrap(settings)


def test_the_image_has_what_the_proxy_is_started_with(settings: Settings) -> None:
    keep(settings, BOOTSTRAP, '{"bootstrap_extensions": []}')
    settings.bin_dir.mkdir(parents=True)
    for name in ("envoy", "pilot-agent"):
        (settings.bin_dir / name).symlink_to("/bin/true")
    with tarfile.open(fileobj=io.BytesIO(image(settings))) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(name)
            assert member is not None
            return member.read()

        (about,) = json.loads(read("manifest.json"))
        config = json.loads(read(about["Config"]))["config"]
        with tarfile.open(fileobj=io.BytesIO(read("layer.tar"))) as layer:
            modes = {member.name: member.mode for member in layer.getmembers()}
    assert about["RepoTags"] == [IMAGE]
    assert (config["Entrypoint"], config["User"]) == (["/usr/local/bin/pilot-agent"], "1337:1337")
    assert modes["usr/local/bin/envoy"] == 0o755
    assert "var/lib/istio/envoy/envoy_bootstrap_tmpl.json" in modes
    assert any("libc.so" in name for name in modes), "Envoy is linked to the machine's C library"
