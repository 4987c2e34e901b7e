from pathlib import Path

from modelyard_server.artifact.schema import render_schema

DOCUMENT = Path(__file__).parents[3] / "docs" / "modelyard.schema.json"


def test_the_documented_schema_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == render_schema(), "run: make manifests"
