"""Write the generated part of k8s/base: `python -m modelyard_operator.manifests --out k8s/base`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from modelyard_operator.api.crd import crd, to_yaml
from modelyard_operator.rbac import cluster_role, lease_role

HEADER = "# Written by `make manifests` from the operator's code: change it there.\n"


def generate() -> dict[str, str]:
    """The text of each generated file, by its name."""
    contents = {"crd.yaml": [crd()], "rbac.yaml": [cluster_role(), lease_role()]}
    return {
        name: HEADER + "---\n".join(to_yaml(document) for document in documents)
        for name, documents in contents.items()
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file into the folder given by `--out`."""
    parser = argparse.ArgumentParser(prog="modelyard_operator.manifests", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    for name, text in generate().items():
        (out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
