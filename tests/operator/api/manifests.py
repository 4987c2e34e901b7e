"""ModelDeployments as users write them, and where the API server takes them."""

from typing import Any

import httpx

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.deployment import KIND, PLURAL

Manifest = dict[str, Any]

MODEL = {"uri": "s3://models/sentiment"}
COLLECTION = f"/apis/{API_VERSION}/namespaces/default/{PLURAL}"


def deployment(spec: Manifest, name: str = "x") -> Manifest:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def spec(**parts: Any) -> Manifest:
    return {"model": MODEL, **parts}


def uri(text: str) -> Manifest:
    return {"model": {"uri": text}}


def dry_run(api: httpx.Client, manifest: Manifest) -> httpx.Response:
    return api.post(COLLECTION, params={"dryRun": "All", "fieldValidation": "Strict"}, json=manifest)
