"""An S3 server inside the cluster, where devcluster does not run one. For trying things out: no backup."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import obstore
from obstore.store import S3Store

from demo.forward import port_forward
from demo.kubectl import Kubectl
from demo.shell import CommandError

NAMESPACE = "modelyard-demo-store"
IMAGE = "versity/versitygw:v1.8.0"
BUCKET = "models"
READER = "artifact-store"
"""Name of the Secret with which the examples read it."""

_KEYS = "{{.data.ROOT_ACCESS_KEY | base64decode}} {{.data.ROOT_SECRET_KEY | base64decode}}"


def in_cluster(kubectl: Kubectl, models: Sequence[Path]) -> dict[str, Any]:
    """Run the store, put each model directory into it, and return the Secret that reads it."""
    access, secret = _credentials(kubectl)
    kubectl.apply(*_manifests(access, secret))
    kubectl("rollout", "status", "deployment/artifacts", "-n", NAMESPACE, "--timeout=300s")
    with port_forward(kubectl, "service/artifacts", NAMESPACE, 7070) as url:
        store = S3Store(
            BUCKET,
            endpoint=url,
            access_key_id=access,
            secret_access_key=secret,
            region="us-east-1",
            client_options={"allow_http": True},
        )
        for model in models:
            for file in sorted(path for path in model.rglob("*") if path.is_file()):
                obstore.put(store, f"{model.parent.name}/{file.relative_to(model)}", file)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": READER},
        "stringData": {
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://artifacts.{NAMESPACE}.svc:7070",
            "AWS_ALLOW_HTTP": "true",
        },
    }


def _credentials(kubectl: Kubectl) -> tuple[str, str]:
    try:
        words = kubectl("get", "secret", "artifacts", "-n", NAMESPACE, "-o", f"go-template={_KEYS}").split()
    except CommandError:
        return "modelyard", secrets.token_hex(16)
    return words[0], words[1]


def _manifests(access: str, secret: str) -> list[dict[str, Any]]:
    labels = {"app.kubernetes.io/name": "artifacts"}
    container = {
        "name": "versitygw",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["--port", ":7070", "posix", "/data"],
        "envFrom": [{"secretRef": {"name": "artifacts"}}],
        "ports": [{"containerPort": 7070}],
        "readinessProbe": {"tcpSocket": {"port": 7070}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    bucket = {**container, "name": "bucket", "args": [], "command": ["mkdir", "-p", f"/data/{BUCKET}"]}
    bucket.pop("readinessProbe")
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "artifacts", "namespace": NAMESPACE},
            "stringData": {"ROOT_ACCESS_KEY": access, "ROOT_SECRET_KEY": secret},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "artifacts", "namespace": NAMESPACE},
            "spec": {"selector": labels, "ports": [{"port": 7070}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "artifacts", "namespace": NAMESPACE},
            "spec": {
                "selector": {"matchLabels": labels},
                "strategy": {"type": "Recreate"},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "securityContext": {
                            "runAsNonRoot": True,
                            "runAsUser": 65532,
                            "fsGroup": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "initContainers": [bucket],
                        "containers": [container],
                        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}],
                    },
                },
            },
        },
    ]
