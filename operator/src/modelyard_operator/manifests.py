"""Write the generated part of k8s: `python -m modelyard_operator.manifests --out k8s`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from modelyard_operator.api.crd import approval_crd, crd, to_yaml
from modelyard_operator.approval import policies
from modelyard_operator.rbac import USER, admission_role, cluster_role, lease_role

HEADER = "# Written by `make manifests` from the operator's code: change it there.\n"


def generate() -> dict[str, str]:
    """The text of each generated file, by its path below k8s."""
    contents = {
        "base/crd.yaml": [crd(), approval_crd()],
        "base/rbac.yaml": [cluster_role(), admission_role(), lease_role()],
        "base/admission.yaml": [*policies.approver(), *policies.status(USER)],
        "components/changed-by/policy.yaml": [*policies.changed_by()],
    }
    return {
        name: HEADER + "---\n".join(to_yaml(document) for document in documents)
        for name, documents in contents.items()
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file into the folder given by `--out`."""
    parser = argparse.ArgumentParser(prog="modelyard_operator.manifests", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    out: Path = parser.parse_args(argv).out
    for name, text in generate().items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
