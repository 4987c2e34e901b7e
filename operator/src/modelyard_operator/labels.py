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

STABLE: Final = "modelyard.dev/stable"
"""Annotation on a Service that selects two revisions: which of them is the stable one."""

REJECTED: Final = "modelyard.dev/rejected"
"""Annotation on a revision's Deployment: when and why the revision was given up, as in the status."""

UNUSED_SINCE: Final = "modelyard.dev/unused-since"
"""Annotation on an InterceptorRoute: since when requests are not to go by it; it goes a while later."""

COMMAND: Final = "modelyard.dev/command"
"""Annotation on a ModelDeployment: a one-shot `VERB@REVISION#NONCE`."""

CHANGED_BY: Final = "modelyard.dev/changed-by"
"""Annotation on a ModelDeployment: who changed its spec last, where an admission policy holds it to that."""

COMPONENT_SERVER: Final = "server"
COMPONENT_CACHE: Final = "cache"
COMPONENT_RESOLVE: Final = "resolve"
COMPONENT_CHECK: Final = "check"
