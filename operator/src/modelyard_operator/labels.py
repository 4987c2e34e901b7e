"""The labels and annotations that the operator writes. Never a version in an immutable selector."""

from typing import Final

MANAGER: Final = "modelyard"
"""The server-side-apply field manager, and `app.kubernetes.io/managed-by`."""

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
NAME: Final = "app.kubernetes.io/name"
INSTANCE: Final = "app.kubernetes.io/instance"
COMPONENT: Final = "app.kubernetes.io/component"
PART_OF: Final = "app.kubernetes.io/part-of"

DEPLOYMENT: Final = "modelyard.dev/deployment"
"""The name of the ModelDeployment that an object belongs to; every watch selects on it."""

REVISION: Final = "modelyard.dev/revision"
"""The revision that an object belongs to."""

DESIRED_HASH: Final = "modelyard.dev/desired-hash"
"""Annotation: the hash of the object that the operator last applied."""

COMMAND: Final = "modelyard.dev/command"
"""Annotation on a ModelDeployment: a one-shot `VERB@REVISION#NONCE`."""

COMPONENT_SERVER: Final = "server"
COMPONENT_CACHE: Final = "cache"
COMPONENT_RESOLVE: Final = "resolve"
