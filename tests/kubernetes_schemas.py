"""JSON Schemas of Kubernetes' own kinds for kubeconform, from the sources of each version."""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from devcluster.config import Settings
from devcluster.lock import exclusive
from devcluster.toolchain import choose
from tests.tools import kubeconform

PINNED = {
    "1.31.14": "ddcb3d5c3d85849f1fadb56387d3a7bf44712da291e5bd08b34df4e8a4247f8d",
    "1.32.13": "2335b4e7f79df85b20066164b14d8f02dd077dee7cd8c7b7fb425009c9837e85",
    "1.33.13": "2af5abf98554af1599e516f31f7f1698085e6faa12b816401f569c097b9f7ef6",
    "1.34.4": "d3b0cdc2fda15c753206d25ab459dc7c12df64e2fd652b6809687471ea751c37",
}
"""Version -> sha256 of its api/openapi-spec/swagger.json."""
_KINDS = "x-kubernetes-group-version-kind"
_FORMAT = 1
"""Of the schemas that are made here; raise it when they are made otherwise."""


def check(documents: str, version: str, *more: str) -> str:
    """What kubeconform finds wrong with YAML documents, unknown fields too; empty: nothing."""
    location = f"{schemas(version)}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    command = [kubeconform(), "-strict", "-schema-location", location, "-kubernetes-version", version, *more]
    done = subprocess.run(command, input=documents, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@functools.cache
def schemas(version: str) -> Path:
    """The folder of a version's schemas, made on first use."""
    folder = Settings.from_environment().cache_dir / "schemas" / f"{version}-{_FORMAT}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.parent / "lock", waiting=print):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                made = Path(scratch) / "made"
                made.mkdir()
                for name, schema in convert(_swagger(version, Path(scratch))).items():
                    (made / name).write_text(json.dumps(schema))
                made.rename(folder)
    return folder


def convert(swagger: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A schema for each kind, by the name of its file; what a schema does not name is refused."""
    definitions = {name: _strict(each) for name, each in swagger["definitions"].items()}
    for name in definitions:
        if name.endswith(".intstr.IntOrString"):
            definitions[name] = {"type": ["string", "integer"]}
        elif name.endswith(".resource.Quantity"):
            definitions[name] = {"type": ["string", "number"]}
    made = {}
    for name, definition in swagger["definitions"].items():
        for kind in definition.get(_KINDS, ()):
            group = kind["group"].partition(".")[0]
            file = "-".join(filter(None, (kind["kind"].lower(), group, kind["version"]))) + ".json"
            needed = _needed(name, definitions)
            made[file] = {
                "$ref": f"#/definitions/{name}",
                "definitions": {each: definitions[each] for each in needed},
            }
    return made


def _strict(definition: dict[str, Any]) -> dict[str, Any]:
    if "properties" in definition and "additionalProperties" not in definition:
        return definition | {"additionalProperties": False}
    return definition


def _needed(name: str, definitions: dict[str, Any]) -> list[str]:
    found, left = {name}, [name]
    while left:
        text = json.dumps(definitions[left.pop()])
        for part in text.split('"#/definitions/')[1:]:
            other = part.partition('"')[0]
            if other not in found:
                found.add(other)
                left.append(other)
    return sorted(found)


def _swagger(version: str, scratch: Path) -> dict[str, Any]:
    """Out of the module of that version, in a cache that goes away: the sources are large."""
    modules = scratch / "modules"
    environment = {**os.environ, "GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
    command = [str(choose().path), "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (Path(json.loads(done.stdout)["Dir"]) / "api/openapi-spec/swagger.json").read_bytes()
    assert hashlib.sha256(text).hexdigest() == PINNED[version], f"the sources of {version} are others"
    shutil.rmtree(modules)
    swagger: dict[str, Any] = json.loads(text)
    return swagger
