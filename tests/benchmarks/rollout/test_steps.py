from benchmarks.rollout.steps import WEIGHTS, WHY, Writes, goals, stepped
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.resources.catalog import KINDS


def test_writes_are_told_by_kind_and_only_of_the_rollouts() -> None:
    writes: list[tuple[Writes, Writes]] = [
        (
            {("Service", "APPLY"): 100.0, ("Job", "APPLY"): 7.0},
            {
                ("Service", "APPLY"): 103.0,
                ("Service", "DELETE"): 1.0,
                ("Job", "APPLY"): 7.0,
                ("Event", "POST"): 2.0,
            },
        ),
        ({}, {}),
    ]

    found = {goal.name: goal for goal in goals(2, 9.0, [0.1, 0.2, 3.0, -0.5], writes, 1.0)}

    name = "2 rollouts at once"
    assert found[f"{name}: API writes a rollout"].value == 3
    assert found[f"{name}: writes of Service"].value == 2
    assert found[f"{name}: writes of Service"].detail.startswith("1.5 APPLY, 0.5 DELETE: ")
    assert found[f"{name}: writes of Event"].value == 1
    assert f"{name}: writes of Job" not in found
    assert found[f"{name}: operators that wrote"].verdict == "holds"
    assert found[f"{name}: a step left after its time, p99"].verdict == "falls short"
    assert found[f"{name}: steps left before their time"].verdict == "falls short"
    assert found[f"{name}: steps that were seen"].verdict == "falls short"


def test_the_traffic_of_the_next_step_is_told() -> None:
    (found,) = (
        goal for goal in goals(1, 1.0, [0.0, 0.0], [], 1.0, moved=[0.5, 0.5]) if "the next" in goal.name
    )

    assert (found.value, found.detail) == (0.5, "2 of them")


def test_two_writers_fall_short() -> None:
    kind: tuple[str, ...] = ("Service", "APPLY")
    both: list[tuple[Writes, Writes]] = [({}, {kind: 1.0}), ({kind: 1.0}, {kind: 2.0})]

    (found,) = (goal for goal in goals(1, 1.0, [0.0, 0.0], both, 1.0) if "that wrote" in goal.name)

    assert (found.value, found.verdict) == (2, "falls short")


def test_every_kind_that_an_operator_writes_is_explained() -> None:
    assert {kind.kind for kind in KINDS if kind.kind != "HTTPRoute"} <= set(WHY)


def test_what_is_rolled_out_is_valid() -> None:
    spec = ModelDeploymentSpec.model_validate(stepped(7)["spec"])

    assert [step.weight for step in spec.rollout.steps] == list(WEIGHTS)
