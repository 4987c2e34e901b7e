"""What the CRD refuses on a real API server, and in which words."""

import httpx
import pytest

from tests.control_plane import ControlPlane
from tests.operator.api.manifests import Manifest, deployment, dry_run, spec
from tests.operator.api.refused import of_load, of_model, of_rollout, of_routing, of_server

pytestmark = pytest.mark.integration

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
"""The API server adds this where the schema itself does not hold."""


@pytest.mark.parametrize(
    ("bad", "message"),
    [*of_model.CASES, *of_server.CASES, *of_load.CASES, *of_rollout.CASES, *of_routing.CASES],
)
def test_bad_input_is_refused_in_words_that_help(api: httpx.Client, bad: Manifest, message: str) -> None:
    answer = dry_run(api, deployment(bad))
    assert answer.status_code == 422
    said = answer.json()["message"].removeprefix('ModelDeployment.modelyard.dev "x" is invalid: ')
    assert said in (message, f"[{message}, {UNCHECKED}]")


NAME_SHAPE = (
    "metadata.name becomes the name of a Service: begin with a letter, go on with lower-case letters, digits "
    "and '-', and do not end with '-'"
)
NAME_LENGTH = "metadata.name is too long: 40 characters at most, for children add their own suffix to it"


@pytest.mark.parametrize(
    ("name", "message"), [("9a", NAME_SHAPE), ("a.b", NAME_SHAPE), ("a" * 41, NAME_LENGTH)]
)
def test_a_name_that_children_could_not_have_is_refused(api: httpx.Client, name: str, message: str) -> None:
    answer = dry_run(api, deployment(spec(), name))
    assert answer.status_code == 422
    assert answer.json()["message"].endswith(f'Invalid value: "object": {message}')


def test_a_name_of_40_characters_is_taken(api: httpx.Client) -> None:
    assert dry_run(api, deployment(spec(), "a" * 40)).status_code == 201


def test_a_misspelt_field_is_named(control_plane: ControlPlane, api: httpx.Client) -> None:
    manifest = deployment(spec(server={"imgae": "x"}))
    applied = control_plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=manifest)
    assert applied.returncode != 0
    assert 'unknown field "spec.server.imgae"' in applied.stderr
