"""What `spec.rollout` and `spec.notifications` may not say, and what the API server answers."""

from tests.operator.api.manifests import Manifest, spec

ONE_OF_A_STEP = (
    'spec.rollout.steps[0]: Invalid value: "object": a step is exactly one of weight, shadow and approval: '
    "write one list entry for each"
)
MAIL = {"host": "mail.example.org", "from": "modelyard@example.org", "to": ["ml@example.org"]}

CASES: list[tuple[Manifest, str]] = [
    (
        spec(rollout={"rollbackWindow": "soon"}),
        'spec.rollout.rollbackWindow: Invalid value: "string": is not a duration: write it as '
        "30s, 10m or 1h30m",
    ),
    (
        spec(rollout={"deadline": "0s"}),
        'spec.rollout.deadline: Invalid value: "string": must be longer than no time at all: such as 10m',
    ),
    (spec(rollout={"steps": [{}]}), ONE_OF_A_STEP),
    (spec(rollout={"steps": [{"weight": 5, "approval": {}}]}), ONE_OF_A_STEP),
    (
        spec(rollout={"steps": [{"approval": {}, "for": "5m"}]}),
        'spec.rollout.steps[0]: Invalid value: "object": for belongs to weight; a shadow has its own '
        "(shadow.for), an approval expiresAfter",
    ),
    (
        spec(rollout={"steps": [{"weight": 50}, {"approval": {}}, {"weight": 10}]}),
        'spec.rollout.steps: Invalid value: "array": weights must not fall from step to step: a rollout goes '
        "up, and back to 0 at once",
    ),
    (
        spec(rollout={"steps": [{"weight": 101}]}),
        "spec.rollout.steps[0].weight: Invalid value: 101: spec.rollout.steps[0].weight in body should be "
        "less than or equal to 100",
    ),
    (
        spec(rollout={"steps": [{"weight": 10, "for": "soon"}]}),
        'spec.rollout.steps[0].for: Invalid value: "string": is not a duration: write it as '
        "30s, 10m or 1h30m",
    ),
    (
        spec(rollout={"steps": [{"shadow": {"percent": 0, "for": "1m"}}]}),
        "spec.rollout.steps[0].shadow.percent: Invalid value: 0: spec.rollout.steps[0].shadow.percent in "
        "body should be greater than or equal to 1",
    ),
    (
        spec(rollout={"steps": [{"weight": 1}] * 21}),
        "spec.rollout.steps: Too many: 21: must have at most 20 items",
    ),
    (
        spec(notifications=[{"smtp": MAIL, "slack": {"secretRef": {"name": "slack"}}}]),
        'spec.notifications[0]: Invalid value: "object": a notification goes by exactly one of smtp, slack '
        "and webhook: write one list entry for each",
    ),
    (
        spec(notifications=[{"smtp": {**MAIL, "tls": "none", "secretRef": {"name": "mail"}}}]),
        'spec.notifications[0].smtp: Invalid value: "object": a password is not sent in the clear: use tls: '
        "starttls or tls, or leave out secretRef",
    ),
    (
        spec(notifications=[{"smtp": {**MAIL, "to": ["ML <ml@example.org>"]}}]),
        'spec.notifications[0].smtp.to[0]: Invalid value: "string": is no mail address: write it as '
        "NAME@HOST, without a display name",
    ),
    (
        spec(notifications=[{"smtp": MAIL, "events": ["aborted", "aborted"]}]),
        'spec.notifications[0].events: Invalid value: "array": names something twice: write each once',
    ),
]
