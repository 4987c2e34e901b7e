"""ModelDeployments as files."""

from pathlib import Path
from typing import Any

import yaml

from modelyard_cli.serving.document import Wanted, read


def document(name: str = "sentiment", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {"model": {"uri": "s3://models/sentiment"}, **spec},
    }


def written(folder: Path, *documents: dict[str, Any]) -> str:
    path = folder / "deployment.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


def wanted(folder: Path, **spec: Any) -> Wanted:
    return read(written(folder, document(**spec)))
