"""From pydantic's JSON Schema to the structural OpenAPI v3 schema that a CRD takes.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from typing import Any

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.rules import KEY

Schema = dict[str, Any]

_INT32_MAX = 2**31 - 1


def structural(model: type[ApiModel], *, defaults: bool) -> Schema:
    """The structural schema of `model`; `defaults`: with those that the API server is to fill in."""
    schema = model.model_json_schema(mode="validation", by_alias=True)
    return _Converter(schema.pop("$defs", {}), defaults).convert(schema)


class _Converter:
    def __init__(self, definitions: dict[str, Schema], defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def convert(self, schema: Schema) -> Schema:
        """One schema and all below it."""
        schema = self._inline(schema)
        converted: Schema = {}
        if "description" in schema:
            converted["description"] = " ".join(schema["description"].split())
        int_or_string = schema.get("x-kubernetes-int-or-string", False)
        if "type" in schema and not int_or_string:
            converted["type"] = schema["type"]
        converted |= _number_format(schema)
        for key, value in schema.items():
            if key in ("description", "type", "title", "default", "format" if "format" in converted else ""):
                continue
            if key == "properties":
                converted[key] = {name: self.convert(child) for name, child in value.items()}
            elif key == "items":
                converted[key] = self.convert(value)
            elif key == "additionalProperties":
                converted |= self._additional(value)
            elif key == "const":
                converted["enum"] = [value]
            elif key != "pattern" or not schema.get(KEY):
                # A rule beside a pattern says the same in better words; two messages would only confuse.
                converted[key] = value
        return converted | (_default(schema, converted) if self._defaults else {})

    def _additional(self, value: bool | Schema) -> Schema:
        if value is True:
            return {"x-kubernetes-preserve-unknown-fields": True}
        if value is False:
            return {}
        return {"additionalProperties": self.convert(value)}

    def _inline(self, schema: Schema) -> Schema:
        """Resolve `$ref` and `X or null`; what stands beside them wins, and rules add up."""
        while "$ref" in schema or "anyOf" in schema:
            beside = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
            if "$ref" in schema:
                inner = self._definitions[schema["$ref"].rpartition("/")[2]]
            else:
                (inner,) = (option for option in schema["anyOf"] if option.get("type") != "null")
            both = [*inner.get(KEY, []), *beside.get(KEY, [])]
            schema = {**inner, **beside, **({KEY: both} if both else {})}
        return schema


def _default(schema: Schema, converted: Schema) -> Schema:
    """The default to publish.

    That of an object is made of its fields' defaults: rules are evaluated on it as it stands.
    """
    default = schema.get("default")
    if default is None or default == []:
        return {}
    if schema.get("type") != "object":
        return {"default": default}
    if "properties" not in schema:
        return {}
    fields = converted["properties"].items()
    return {"default": {name: field["default"] for name, field in fields if "default" in field}}


def _number_format(schema: Schema) -> Schema:
    if schema.get("type") == "integer":
        return {"format": "int32" if schema.get("maximum", _INT32_MAX + 1) <= _INT32_MAX else "int64"}
    if schema.get("type") == "number":
        return {"format": "double"}
    return {}
