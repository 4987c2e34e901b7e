"""Write the JSON Schema of `modelyard.json`: `python -m modelyard_server.artifact.schema FILE`."""

import json
import sys
from pathlib import Path

from modelyard_server.artifact.manifest import Manifest


def render_schema() -> str:
    """The schema as it stands in the documentation."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_schema())
