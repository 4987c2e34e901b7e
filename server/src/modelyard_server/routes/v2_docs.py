"""`POST /v2/models/NAME/infer` for the API's documentation."""

from typing import Any, Final

from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Task
from modelyard_server.tasks.v2 import BFLOAT16, DTYPES

TAG: Final = "Open Inference Protocol V2"
_SHAPE: Final = {"type": "array", "items": {"type": "integer"}, "maxItems": 32}
_DATATYPE: Final = {"type": "string", "enum": [*DTYPES, BFLOAT16]}
_REQUEST: Final = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {
            "type": "object",
            "description": "The task's own, as in the query of /predict; `binary_data_output`: outputs as "
            "bytes; `timeout`: microseconds that the client waits.",
        },
        "inputs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "shape": {**_SHAPE, "items": {"type": "integer", "minimum": 1}},
                    "datatype": _DATATYPE,
                    "data": {
                        "type": "array",
                        "description": "The values, nested as the shape is or flat, row by row.",
                        "items": {},
                    },
                    "parameters": {
                        "type": "object",
                        "properties": {
                            "binary_data_size": {
                                "type": "integer",
                                "minimum": 0,
                                "description": "Bytes of the tensor behind the JSON, in place of `data`; "
                                "Inference-Header-Content-Length says where they begin.",
                            },
                            "content_type": {
                                "type": "string",
                                "description": "`base64`: the strings of a BYTES tensor are base64.",
                            },
                        },
                    },
                },
            },
        },
        "outputs": {
            "type": "array",
            "description": "The outputs to answer with, in order; left out: all.",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "parameters": {"type": "object", "properties": {"binary_data": {"type": "boolean"}}},
                },
            },
        },
    },
}
_ANSWER: Final = {
    "type": "object",
    "required": ["model_name", "model_version", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": _SHAPE,
                    "datatype": _DATATYPE,
                    "data": {"type": "array", "items": {}},
                    "parameters": {"type": "object"},
                },
            },
        },
    },
}


def v2_paths(settings: Settings, task: Task) -> dict[str, Any]:
    """The paths of inference, for this model.

    Args:
        settings: They name it.
        task: It says what it takes.
    """
    inputs = [_example(tensor, task) for tensor in task.metadata_v2()["inputs"]]
    operation = {
        "tags": [TAG],
        "summary": "Predict",
        "description": (
            "Tensors as JSON, or as bytes behind the JSON (the binary tensor data extension). A body may be "
            "compressed by gzip or deflate. https://github.com/kserve/open-inference-protocol"
        ),
        "operationId": "v2_infer",
        "parameters": [
            {
                "name": "Inference-Header-Content-Length",
                "in": "header",
                "required": False,
                "description": "How many bytes of the body are JSON; left out: all of them.",
                "schema": {"type": "integer", "minimum": 0},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _REQUEST, "example": {"inputs": inputs}}},
        },
        "responses": {
            "200": {
                "description": "The outputs; those asked for as bytes stand behind the JSON.",
                "content": {
                    "application/json": {"schema": _ANSWER},
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                },
            },
            **error_responses(
                {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
            ),
        },
    }
    version = {**operation, "operationId": "v2_infer_version"}
    return {
        f"/v2/models/{settings.deployment}/infer": {"post": operation},
        f"/v2/models/{settings.deployment}/versions/{settings.revision}/infer": {"post": version},
    }


def error_responses(schema: Any) -> dict[str, Any]:
    """What every protocol's prediction route answers besides predictions, in its own shape."""
    told = {
        "400": "The request is wrong; the message says where, and how to mend it.",
        "401": "Nobody is known by these credentials.",
        "403": "Who asks may not.",
        "413": "The body is too large, or would be when decompressed.",
        "415": "The body's content encoding or type is not served.",
        "429": "Too many requests; `Retry-After` says when to try.",
        "500": "The model failed on this request.",
        "503": "The model is not ready, or its queue is full; `Retry-After` says when to try.",
        "504": "The request's deadline passed.",
    }
    return {
        status: {"description": text, "content": {"application/json": {"schema": schema}}}
        for status, text in told.items()
    }


def _example(tensor: dict[str, Any], task: Task) -> dict[str, Any]:
    """A tensor that works: of the task's own example where that has it, else zeros."""
    body = predict_example(task)
    shape = [1 if size == -1 else size for size in tensor["shape"]]
    given = body.get(tensor["name"])
    if given is None and isinstance(body.get("inputs"), dict):
        given = body["inputs"].get(tensor["name"])
    if given is None and isinstance(body.get("rows"), list):
        row = body["rows"][0]
        given = [row[tensor["name"]]] if tensor["name"] in row else [list(row.values())]
    if given is not None:
        shape = _shape_of(given)
    return {
        "name": tensor["name"],
        "shape": shape,
        "datatype": tensor["datatype"],
        "data": _zeros(shape, tensor["datatype"]) if given is None else given,
    }


def predict_example(task: Task) -> dict[str, Any]:
    """The first body that the documentation of `/predict` shows."""
    content = task.openapi()["requestBody"]["content"]["application/json"]
    example: dict[str, Any] = next(iter(content["examples"].values()))["value"]
    return example


def _shape_of(nested: Any) -> list[int]:
    return [len(nested), *_shape_of(nested[0])] if isinstance(nested, list) else []


def _zeros(shape: list[int], datatype: str) -> Any:
    if not shape:
        return {"BYTES": "", "BOOL": False}.get(datatype, 0)
    return [_zeros(shape[1:], datatype)] * shape[0]
