"""Users with names and rights of their own, who use kubectl and the command line."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from demo.kubectl import Kubectl
from demo.shell import run
from tests.e2e.cluster import Namespace, Resource

MODELYARD = Path(sys.executable).with_name("modelyard")
BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}


@dataclass(frozen=True)
class Person:
    """A ServiceAccount, and a kubeconfig with its token alone."""

    namespace: str
    user: str
    """As the API server knows it."""
    kubectl: Kubectl

    def modelyard(self, *words: str) -> str:
        """What `modelyard WORDS -n NAMESPACE` says, errors included only in the exception."""
        env = {**os.environ, "KUBECONFIG": str(self.kubectl.kubeconfig)}
        return run([MODELYARD, *words, "-n", self.namespace], env=env)

    def apply(self, resource: Resource) -> None:
        """Server-side apply."""
        self.kubectl.apply(resource, namespace=self.namespace)


def person(namespace: Namespace, folder: Path, name: str, *roles: str) -> Person:
    """A new user with ClusterRoles bound in the namespace."""
    account = {"kind": "ServiceAccount", "name": name, "namespace": namespace.name}
    namespace.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        *(
            {
                **BINDING,
                "metadata": {"name": f"{name}-{role}"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [account],
            }
            for role in roles
        ),
    )
    config = yaml.safe_load(namespace.kubectl("config", "view", "--raw", "--minify", "-o", "yaml"))
    config["users"][0]["user"] = {"token": namespace.run("create", "token", name).strip()}
    file = folder / f"{name}.kubeconfig"
    file.write_text(yaml.safe_dump(config))
    user = f"system:serviceaccount:{namespace.name}:{name}"
    return Person(namespace.name, user, Kubectl(namespace.kubectl.binary, file))
