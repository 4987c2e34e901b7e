"""Envoy as the ingress gateway, on the node instead of in a pod."""

from typing import Any

import yaml

from devcluster.components.base import Component, http_check, pki, program
from devcluster.components.istiod import CLUSTER_ID, HOST, MONITORING_PORT, TRUST_DOMAIN, VERSION, XDS_PORT
from devcluster.components.prometheus import targets_file
from devcluster.config import Settings
from devcluster.endpoints import (
    ENVOY_ADMIN_PORT,
    ENVOY_ADMIN_URL,
    INGRESS_ACCOUNT,
    INGRESS_SERVICE,
    ISTIO_NAMESPACE,
    LOOPBACK,
)
from devcluster.pki import Identity

SELECTOR = {"istio": INGRESS_SERVICE}
"""The label by which gateway objects choose this Envoy."""

IDENTITY = Identity(
    INGRESS_SERVICE,
    INGRESS_SERVICE,
    # https://istio.io/latest/docs/concepts/security/#istio-identity
    uri=f"spiffe://{TRUST_DOMAIN}/ns/{ISTIO_NAMESPACE}/sa/{INGRESS_ACCOUNT}",
)
"""Who it is to istiod, which gives keys and certificates only to gateways that it knows."""

_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def envoy(settings: Settings) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "envoy.yaml"
    argv = (
        program(settings, "envoy"),
        "-c",
        str(path),
        "--concurrency",
        "2",
        "--disable-hot-restart",
        "--log-level",
        "warning",
    )
    targets = [
        _target("envoy", ENVOY_ADMIN_PORT, "/stats/prometheus"),
        _target("istiod", MONITORING_PORT, "/metrics"),
    ]
    files = {
        path: yaml.safe_dump(bootstrap(settings), sort_keys=False),
        targets_file(settings, "istio"): yaml.safe_dump(targets, sort_keys=False),
    }
    # Ready only once istiod has told it all it listens on.
    return Component("envoy", argv, http_check(f"{ENVOY_ADMIN_URL}/ready"), phase=5, files=files)


def bootstrap(settings: Settings) -> dict[str, Any]:
    """What Envoy knows before it asks istiod (https://www.envoyproxy.io/docs/envoy/latest/configuration)."""
    source = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    name = f"{INGRESS_SERVICE}.{ISTIO_NAMESPACE}"
    return {
        "node": {
            "id": f"router~{LOOPBACK}~{name}~{ISTIO_NAMESPACE}.svc.{settings.cluster_domain}",
            "cluster": name,
            "metadata": {
                "NAME": INGRESS_SERVICE,
                "NAMESPACE": ISTIO_NAMESPACE,
                "CLUSTER_ID": CLUSTER_ID,
                "ISTIO_VERSION": VERSION,
                "INSTANCE_IPS": LOOPBACK,
                "LABELS": SELECTOR,
                "SERVICE_ACCOUNT": INGRESS_ACCOUNT,
                "PROXY_CONFIG": {},
            },
        },
        "admin": {"address": _address(ENVOY_ADMIN_PORT)},
        "dynamic_resources": {
            "lds_config": source,
            "cds_config": dict(source),
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
            },
        },
        "stats_config": {
            "use_all_default_tags": False,
            # As in Istio's own bootstrap: names of clusters hold dots, and end in ";".
            "stats_tags": [
                {"tag_name": "cluster_name", "regex": r"^cluster(\.(.+);)"},
                {
                    "tag_name": "http_conn_manager_prefix",
                    "regex": r"^http\.(((?:[_.[:digit:]\w]*|[_\[\]aAbBcCdDeEfF[:digit:]\w\:]*));\.)",
                },
                {"tag_name": "response_code", "regex": r"_rq(_(\d{3}))$"},
                {"tag_name": "response_code_class", "regex": r"_rq(_(\dxx))$"},
            ],
        },
        "static_resources": {"clusters": [_control_plane(settings)]},
    }


def _control_plane(settings: Settings) -> dict[str, Any]:
    """istiod, over HTTP/2 with TLS: each shows the other a certificate of the cluster's authority."""
    name = "xds-grpc"
    own = {
        "certificate_chain": {"filename": pki(settings, f"{IDENTITY.name}.crt")},
        "private_key": {"filename": pki(settings, f"{IDENTITY.name}.key")},
    }
    known = {
        "trusted_ca": {"filename": pki(settings, "ca.crt")},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": HOST}}],
    }
    common = {"alpn_protocols": ["h2"], "tls_certificates": [own], "validation_context": known}
    endpoint = {"endpoint": {"address": _address(XDS_PORT, settings.node_ip)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            _HTTP: {
                "@type": f"type.googleapis.com/{_HTTP}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"type.googleapis.com/{_TLS}",
                "sni": HOST,
                "common_tls_context": common,
            },
        },
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _address(port: int, host: str = LOOPBACK) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _target(job: str, port: int, path: str) -> dict[str, Any]:
    return {"targets": [f"{LOOPBACK}:{port}"], "labels": {"job": job, "__metrics_path__": path}}
