"""What an informer keeps of a live object's status."""

from datetime import UTC, datetime

from modelyard_operator.kube.objects import DeploymentState, HpaState, JobState, ServiceState
from modelyard_operator.resources.autoscaler import AUTOSCALER
from modelyard_operator.resources.catalog import KINDS
from modelyard_operator.resources.deployment import DEPLOYMENT
from modelyard_operator.resources.resolve_job import JOB
from modelyard_operator.resources.service import SERVICE


def test_kinds_are_told_apart() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)
    assert (DEPLOYMENT.group, DEPLOYMENT.version) == ("apps", "v1")
    assert (SERVICE.group, SERVICE.version) == ("", "v1")


def test_a_new_object_has_no_status_yet() -> None:
    assert DEPLOYMENT.project({"spec": {}}) == DeploymentState(1, 0, 0, 0, 0)
    assert JOB.project({"spec": {}}) == JobState(succeeded=False, failed=False, finished_at=None)
    assert AUTOSCALER.project({"spec": {"maxReplicas": 3}}) == HpaState(1, 3, 0, None)
    assert SERVICE.project({"spec": {"clusterIP": "None"}}) == ServiceState({}, "None")


def test_a_deployment_tells_why_it_has_no_pods() -> None:
    state = DEPLOYMENT.project(
        {
            "spec": {"replicas": 2},
            "status": {
                "replicas": 1,
                "readyReplicas": 1,
                "updatedReplicas": 1,
                "observedGeneration": 4,
                "conditions": [
                    {"type": "Available", "status": "False", "message": "not this one"},
                    {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"},
                ],
            },
        }
    )
    assert state == DeploymentState(2, 1, 1, 1, 4, "exceeded quota: q")


def test_a_job_ends_in_one_of_two_ways() -> None:
    done = JOB.project(
        {
            "status": {
                "completionTime": "2026-11-21T09:00:00Z",
                "conditions": [
                    {"type": "SuccessCriteriaMet", "status": "True"},
                    {"type": "Complete", "status": "True"},
                ],
            }
        }
    )
    assert done == JobState(True, False, datetime(2026, 11, 21, 9, tzinfo=UTC))
    failed = JOB.project(
        {
            "status": {
                "conditions": [
                    {
                        "type": "Failed",
                        "status": "True",
                        "lastTransitionTime": "2026-11-21T09:00:01Z",
                        "message": "Job was active longer than specified deadline",
                    }
                ]
            }
        }
    )
    assert failed == JobState(
        False,
        True,
        datetime(2026, 11, 21, 9, 0, 1, tzinfo=UTC),
        "Job was active longer than specified deadline",
    )


def test_an_autoscaler_that_sees_no_metrics_says_so() -> None:
    state = AUTOSCALER.project(
        {
            "spec": {"minReplicas": 2, "maxReplicas": 3},
            "status": {
                "desiredReplicas": 2,
                "conditions": [{"type": "ScalingActive", "status": "False", "message": "no metrics"}],
            },
        }
    )
    assert state == HpaState(2, 3, 2, False, "no metrics")
