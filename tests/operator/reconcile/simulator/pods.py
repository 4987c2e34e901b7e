"""A pod, and how an informer would keep it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from modelyard_operator import contract, labels
from modelyard_operator.kube.objects import ChildKey, Container, Pod
from tests.operator.reconcile.simulator.givens import KEY


@dataclass
class SimPod:
    """A pod, and the template that it was made from."""

    name: str
    owner: ChildKey
    owner_uid: str
    revision: str | None
    component: str
    image: str
    template: str
    created_at: datetime
    ready_at: datetime | None = None
    restarts: int = 0
    evicted: bool = False
    """It has ended for good, and is left lying about."""
    report: str | None = None
    secrets: frozenset[str] = frozenset()
    """Secrets that it mounts."""

    def seen(self) -> Pod:
        """As an informer would keep it."""
        is_job = self.owner.kind == "Job"
        main = Container(
            name=contract.RESOLVE_CONTAINER if is_job else contract.SERVER_CONTAINER,
            ready=self.ready_at is not None,
            restarts=self.restarts,
            exit_code=1 if self.restarts else (0 if self.report else None),
            exit_reason="Error" if self.restarts else None,
            exit_message=self.report or ("it fell over" if self.restarts else None),
        )
        fetch = Container(
            name=contract.FETCH_CONTAINER,
            started_at=self.created_at + timedelta(seconds=1),
            finished_at=self.created_at + timedelta(seconds=2),
            exit_code=0,
            exit_message=json.dumps({"ok": True, "digest": "sha256:" + "d" * 64, "bytes": 5, "seconds": 1.0}),
        )
        return Pod(
            name=self.name,
            uid="uid-" + self.name,
            deployment=KEY.name,
            revision=self.revision,
            component=self.component,
            job=self.owner.name if is_job else None,
            ip="10.0.0.1",
            phase="Failed" if self.evicted else "Running",
            ready=self.ready_at is not None,
            ready_at=self.ready_at,
            created_at=self.created_at,
            scheduled_at=self.created_at,
            unschedulable=None,
            containers=(main,),
            init_containers=(fetch,) if self.component == labels.COMPONENT_SERVER else (),
        )
