"""The generated files of the chart, as texts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from charts.values import ChartValues
from modelyard_cli.loadtest.job import IMAGE as K6
from modelyard_operator.api.crd import approval_crd, crd, to_yaml
from modelyard_operator.approval import policies
from modelyard_operator.rbac import admission_role, cluster_role, lease_role

ROOT: Final = Path(__file__).parents[1]
CHART: Final = ROOT / "charts" / "modelyard"
OPERATOR: Final = "OPERATOR"
"""Stands in the status policy for the user that the operator is; the template fills it in."""
BEGIN: Final = "<!-- values: written by `make manifests` from charts/values.py; change them there -->\n"
END: Final = "<!-- end of values -->\n"
HEADER: Final = "# Written by `make manifests`: change it in {source}.\n"
COPIES: Final = {"dashboards": ("grafana/dashboards", "*.json"), "rules": ("monitoring", "rules.yaml")}
"""Folder of the chart -> the folder of the repository that it copies, and which of its files."""


class PageError(ValueError):
    """The page has no place for the table."""


def files() -> dict[str, str]:
    """The text of each generated file, by its path below the chart."""
    source = "the operator's code"
    objects = {
        **{f"crds/{each['spec']['names']['plural']}": each for each in (crd(), approval_crd())},
        "roles/operator": cluster_role(),
        "roles/admission": admission_role(),
        "roles/lease": lease_role(),
        "policies/approver": _pair(policies.approver()),
        "policies/changed-by": _pair(policies.changed_by()),
        "policies/status": _pair(policies.status(OPERATOR)),
    }
    return {
        **{
            f"files/{name}.yaml": HEADER.format(source=source) + to_yaml(each)
            for name, each in objects.items()
        },
        **{
            f"files/{folder}/{file.name}": file.read_text(encoding="utf-8")
            for folder, (origin, pattern) in COPIES.items()
            for file in sorted((ROOT / origin).glob(pattern))
        },
        "values.yaml": values_yaml(),
        "values.schema.json": json.dumps(schema(), indent=1) + "\n",
        "images.txt": "\n".join(images()) + "\n",
    }


def images() -> list[str]:
    """Every image that an installation may pull, and that of load tests, sorted."""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    of = ChartValues().images
    every = (of.operator, of.server, of.server_openvino, of.cache)
    return sorted([K6, *(f"{image.repository}:{image.tag or version}" for image in every)])


def schema() -> dict[str, Any]:
    """The JSON Schema of the values. `global` is what a chart is given by one that contains it."""
    made = _plain(ChartValues.model_json_schema(by_alias=True))
    made["properties"]["global"] = {"type": "object"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def values_yaml() -> str:
    """The defaults, each with what it means."""
    lines = [HEADER.format(source="charts/values.py").rstrip(), *_value_lines(ChartValues(), "")]
    return "\n".join(lines) + "\n"


def fill(page: str) -> str:
    """The page of installing, with the table of values written anew.

    Raises:
        PageError: The page lacks the two comments that the table stands between.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise PageError(f"the page needs the lines {BEGIN!r} and {END!r}")
    rows = ["| Value | Default | Meaning |", "| --- | --- | --- |", *_rows(ChartValues(), "")]
    return "".join((head, begin, "\n", "\n".join(rows), "\n\n", end, tail))


def _pair(pair: policies.Pair) -> dict[str, Any]:
    return {"policy": pair[0], "binding": pair[1]}


def _plain(value: Any) -> Any:
    """A schema without the titles that pydantic makes of names."""
    if isinstance(value, dict):
        return {
            key: _plain(each) for key, each in value.items() if not (key == "title" and isinstance(each, str))
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _members(model: BaseModel) -> Iterator[tuple[str, FieldInfo, Any]]:
    for name, field in type(model).model_fields.items():
        yield field.alias or name, field, getattr(model, name)


def _value_lines(model: BaseModel, indent: str) -> Iterator[str]:
    for key, field, value in _members(model):
        if value is None:
            continue
        if field.description:
            yield f"{indent}# {field.description}"
        if isinstance(value, BaseModel):
            yield f"{indent}{key}:"
            yield from _value_lines(value, f"{indent}  ")
        else:
            text = yaml.safe_dump({key: value}, sort_keys=False, width=100).rstrip()
            yield from (f"{indent}{line}" for line in text.splitlines())


def _rows(model: BaseModel, path: str) -> Iterator[str]:
    for key, field, value in _members(model):
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{path}{key}.")
        else:
            default = "" if value is None else json.dumps(value)
            shown = "one a node, if it can be" if len(default) > 60 else f"`{default}`"
            yield f"| `{path}{key}` | {shown} | {field.description or ''} |"
