"""What gives a right that somebody lacks."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from modelyard_cli.cluster.client import Cluster
from modelyard_cli.errors import CliError, ForbiddenError

# What the path of an API's object can't hold, and some user names do.
_UNFIT = re.compile(r"[/%]")


@contextmanager
def given_by(role: str, cluster: Cluster) -> Iterator[None]:
    """Say with a refusal which role of the product's own gives the right, and how it is bound.

    Raises:
        CliError: A right was lacking in the block.
    """
    try:
        yield
    except ForbiddenError as error:
        bind = binding(role, cluster.namespace, cluster.user())
        raise CliError(
            f"{error.message}; the ClusterRole {role} gives the right, and an administrator of the namespace "
            f"binds it by: {bind}"
        ) from None


def binding(role: str, namespace: str, user: str) -> str:
    """The command that binds a role to one user in one namespace."""
    name = _UNFIT.sub("-", f"{role}:{user}")
    return shlex.join(
        [
            *("kubectl", "create", "rolebinding", name, "-n", namespace),
            *(f"--clusterrole={role}", f"--user={user}"),
        ]
    )
