"""The items of protocols that know nothing of tasks, as `POST /predict` takes them: one line a task.

What existing clients send is wrapped in many ways: `{"b64": ...}` of TensorFlow Serving, `{"data": ...}` of
TorchServe, `{"features": [...]}` of SageMaker's own algorithms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from modelyard_server.artifact.infer import (
    IMAGE_CLASSIFICATION,
    OBJECT_DETECTION,
    TABULAR,
    TENSOR,
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDING,
)
from modelyard_server.errors import InvalidRequestError
from modelyard_server.model import Model
from modelyard_server.tasks.base import Answer, Parsed, Request
from modelyard_server.tasks.body import write_object

_WRAPPERS: Final = ("text", "image", "image_bytes", "inputs", "input", "data", "b64", "body")
_DEEPEST: Final = 3


@dataclass(frozen=True, slots=True)
class ItemForm:
    """How a task takes items.

    Attributes:
        field: The field of its body that lists them.
        unwrap: Makes one of what a client sends.
        plain: Makes what a client expects of an entry of `predictions`; None: the entry as it is.
    """

    field: str
    unwrap: Callable[[Any], Any]
    plain: Callable[[Any], Any] | None = None


def _value(item: Any) -> Any:
    """The text or picture in its wrappers."""
    for _ in range(_DEEPEST):
        if not isinstance(item, dict):
            break
        found = next((item[name] for name in _WRAPPERS if name in item), None)
        if found is None:
            break
        item = found
    return item


def _row(item: Any) -> Any:
    """A table's row; `features` is a wrapper only where it is all that there is."""
    if isinstance(item, dict) and list(item) == ["features"] and isinstance(item["features"], list):
        return item["features"]
    return item


def _scalar(entry: Any) -> Any:
    """A table's answer as scikit-learn's `predict` gives it: the class, or the value."""
    if isinstance(entry, list) and entry and "label" in entry[0]:
        label = entry[0]["label"]
        try:
            number = orjson.loads(label)
        except orjson.JSONDecodeError:
            return label
        return number if isinstance(number, int | float) and not isinstance(number, bool) else label
    return entry["value"] if isinstance(entry, dict) and "value" in entry else entry


FORMS: Final[Mapping[str, ItemForm]] = {
    TEXT_CLASSIFICATION: ItemForm("text", _value),
    TEXT_EMBEDDING: ItemForm("text", _value),
    IMAGE_CLASSIFICATION: ItemForm("image", _value),
    OBJECT_DETECTION: ItemForm("image", _value),
    TABULAR: ItemForm("rows", _row, _scalar),
    TENSOR: ItemForm("instances", lambda item: item),
}


def read_items(model: Model, items: Sequence[Any], name: str, query: Mapping[str, str]) -> Parsed:
    """Read a request's items as those of `POST /predict`.

    Args:
        model: The model.
        items: The items as the client sent them.
        name: The field that it sent them in, for messages.
        query: The request's parameters.

    Raises:
        InvalidRequestError: Naming the field and the mend.
    """
    form = FORMS[model.task_name]
    body = write_object(form.field, [form.unwrap(item) for item in items], name)
    try:
        parsed = model.task.parse(Request(body, "application/json", query))
    except InvalidRequestError as error:
        for detail in error.details:
            if detail["loc"][:2] == ["body", form.field]:
                detail["loc"][1] = name
        raise
    loc = ("body", name, *parsed.loc[2:]) if parsed.loc[:2] == ("body", form.field) else parsed.loc
    return replace(parsed, loc=loc)


def plain_entries(task_name: str, answers: Sequence[Answer]) -> bytes:
    """Entries as clients of these protocols expect them, as a JSON array."""
    plain = FORMS[task_name].plain
    if plain is None:
        return b"[" + b",".join([answer.fragment for answer in answers]) + b"]"
    return orjson.dumps([plain(orjson.loads(answer.fragment)) for answer in answers])
