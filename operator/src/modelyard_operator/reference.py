"""Write the generated part of the resource's reference: `python -m modelyard_operator.reference PAGE`."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.openapi import Schema, structural
from modelyard_operator.api.rules import KEY
from modelyard_operator.api.status import Status

BEGIN = "<!-- fields: written by `make manifests` from the operator's code; change them there -->\n"
END = "<!-- end of fields -->\n"


class PageError(ValueError):
    """The page has no place for the tables."""


def fields() -> str:
    """The tables of all fields of spec and status, in Markdown."""
    spec = structural(ModelDeploymentSpec, defaults=True)
    parts = ["## Fields of spec\n"]
    for name, schema in spec["properties"].items():
        parts.append(f"### `spec.{name}`\n\n{schema['description']}\n")
        parts.append(_table(("Field", "Type", "Default", "Meaning"), _spec_rows(f"spec.{name}", spec, name)))
        refused = list(dict.fromkeys(_messages(f"spec.{name}", schema)))
        if refused:
            parts.append("Refused by the API server:\n\n" + "".join(f"- {line}\n" for line in refused))
    parts.append("## Fields of status\n")
    parts.append(_table(("Field", "Meaning"), _status_rows("status", structural(Status, defaults=False))))
    return "\n".join(parts)


def fill(page: str) -> str:
    """The page with its tables written anew.

    Raises:
        PageError: The page lacks the two comments that the tables stand between.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise PageError(f"the page needs the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{BEGIN}\n{fields()}\n{END}{tail}"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _spec_rows(path: str, parent: Schema, name: str) -> Iterator[Sequence[str]]:
    schema = parent["properties"][name]
    if not schema.get("properties"):
        yield _spec_row(path, schema, required=name in parent.get("required", []))
        yield from _entry_rows(path, schema)
    for child, below in schema.get("properties", {}).items():
        place = f"{path}.{child}"
        if below.get("properties"):
            yield _spec_row(place, below, required=child in schema.get("required", []))
            yield from _spec_rows(place, schema, child)
        else:
            yield _spec_row(place, below, required=child in schema.get("required", []))
            yield from _entry_rows(place, below)


def _entry_rows(path: str, schema: Schema) -> Iterator[Sequence[str]]:
    """Of a list, the fields of its entries."""
    entry = schema.get("items", {})
    if entry.get("properties"):
        yield from _spec_rows(f"{path}[]", {"properties": {"entry": entry}}, "entry")


def _spec_row(path: str, schema: Schema, *, required: bool) -> Sequence[str]:
    return (f"`{path}`", _type(schema), _default(schema, required), schema.get("description", ""))


def _status_rows(path: str, schema: Schema) -> Iterator[Sequence[str]]:
    for name, below in schema.get("properties", {}).items():
        place = f"{path}.{name}"
        yield (f"`{place}`", below.get("description", ""))
        yield from _status_rows(place, below)
        yield from _status_rows(f"{place}[]", below.get("items", {}))


def _messages(path: str, schema: Schema) -> Iterator[str]:
    for rule in schema.get(KEY, []):
        yield f"`{path}` {rule['message']}"
    for name, below in schema.get("properties", {}).items():
        yield from _messages(f"{path}.{name}", below)
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from _messages(f"{path}[]", inner)


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    default = schema.get("default")
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return "" if default in (None, "") or isinstance(default, dict | list) else f"`{default}`"


def _type(schema: Schema) -> str:
    kind = str(schema.get("type"))
    if "enum" in schema:
        kind = " or ".join(f"`{value}`" for value in schema["enum"])
    elif schema.get("x-kubernetes-int-or-string"):
        kind = "quantity"
    elif any("is not a duration" in rule["message"] for rule in schema.get(KEY, [])):
        kind = "duration"
    elif kind == "array":
        kind = f"list of {_type(schema['items'])}"
    elif kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        kind = f"map of {_type(schema['additionalProperties'])}"
    elif kind == "integer" and "minimum" in schema and "maximum" in schema:
        kind = f"{schema['minimum']} to {schema['maximum']}"
    return kind


def main(argv: Sequence[str] | None = None) -> None:
    """Write the tables into the page."""
    parser = argparse.ArgumentParser(prog="modelyard_operator.reference", description=__doc__)
    parser.add_argument("page", type=Path, help="the page, which holds the two comments")
    page: Path = parser.parse_args(argv).page
    page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
