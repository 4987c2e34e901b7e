"""What the operator tells pods of comparisons is what the server reads."""

import pytest

from modelyard_operator.reconcile.part import Forward, Part, Role, body
from modelyard_server.shadow.part import Part as Heard


@pytest.mark.parametrize(
    "part",
    [
        None,
        Part(Role.CANDIDATE, "rabc234567", "rdef765432"),
        Part(Role.STABLE, "rabc234567", "rdef765432"),
        Part(
            Role.STABLE,
            "rabc234567",
            "rdef765432",
            Forward("http://sentiment-rdef765432.shop.svc:80", 100),
        ),
    ],
)
def test_the_server_reads_what_the_operator_tells(part: Part | None) -> None:
    told = body(part)

    heard = Heard.model_validate(told)

    assert heard.role == told["role"]
    if part is not None:
        assert heard.model_dump(mode="json") == told
        assert heard.pair == part.pair
