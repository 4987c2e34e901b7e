"""The scenarios are the published ones, and their short forms are short."""

import pytest

from modelyard_cli.loadtest.scenario import names, scenario


def shape(name: str) -> list[tuple[int, int]]:
    return [(stage.seconds, stage.users) for stage in scenario(name).stages]


def test_the_published_shapes() -> None:
    assert shape("sentiment") == [(30, 10), (420, 10), (180, 0)]
    assert scenario("sentiment").cache_rate == 0.95
    assert shape("plates") == [(60, 5), (120, 10), (180, 50), (240, 100), (60, 0)]
    assert {scenario(f"images-{users}").users for users in (75, 1000)} == {75, 1000}
    assert [stage.name for stage in scenario("concurrency").stages if stage.seconds > 10] == [
        "sequential",
        "concurrent",
    ]


@pytest.mark.parametrize("name", names())
def test_every_scenario_is_whole_and_has_a_short_form(name: str) -> None:
    full, short = scenario(name), scenario(name, short=True)
    assert full.seconds > 60 >= 15 >= short.seconds
    assert short.users <= 50
    assert full.payload in {"text", "picture"}
    assert set(full.thresholds) == {"http_req_failed", "http_req_duration"}
    assert len({stage.name for stage in full.stages}) == len(full.stages)
