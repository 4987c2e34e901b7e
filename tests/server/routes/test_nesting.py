"""What is nested too deeply is the client's error on every route, for every task."""

from pathlib import Path

import pytest

from modelyard_server.routes.items import FORMS
from tests.server.conftest import Serve
from tests.server.task_models import TASKS
from tests.server.wire import BODY, codes, request, wired

V1, V2, INVOCATIONS, PREDICT = "/v1/models/m:predict", "/v2/models/m/infer", "/invocations", "/predict"


def lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


# JSON is read to 1,024 levels and written to 254, and Python's own texts of it end somewhat under 1,000.
@pytest.mark.parametrize("task", TASKS)
async def test_no_depth_is_an_error_of_the_server(serve: Serve, tmp_path: Path, task: str) -> None:
    field = FORMS[task].field
    tensor = '{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}'
    async with serve(TASKS[task](tmp_path), deployment="m", task=task) as client:
        for depth in (2, 250, 251, 252, 253, 254, 255, 300, 990, 1015, 1100):
            for nested in (lists(depth), objects(depth)):
                for path, body in (
                    (V1, f'{{"instances":[{nested}]}}'),
                    (V1, f'{{"instances":[{{"data":{nested}}}]}}'),
                    (V1, f'{{"inputs":{nested}}}'),
                    (INVOCATIONS, f'{{"inputs":{nested}}}'),
                    (INVOCATIONS, f'{{"inputs":[{nested}]}}'),
                    (INVOCATIONS, f'{{"instances":[{nested}]}}'),
                    (INVOCATIONS, nested),
                    *(
                        (INVOCATIONS, f'{{"inputs":["a"],"parameters":{{"{name}":{nested}}}}}')
                        for name in ("top_k", "prompt", "conf")
                    ),
                    (PREDICT, nested),
                    (PREDICT, f'{{"{field}":{nested}}}'),
                    (PREDICT, f'{{"{field}":[{nested}]}}'),
                    (PREDICT, f'{{"none":{nested}}}'),
                    (V2, f'{{"inputs":[{nested}]}}'),
                    (V2, f'{{"inputs":[{tensor[:-6]}{nested}}}]}}'),
                    *(
                        (V2, f'{{"inputs":[{tensor}],"parameters":{{"{name}":{nested}}}}}')
                        for name in ("top_k", "prompt", "conf", "max_det")
                    ),
                ):
                    headers = {"Content-Type": "application/json"}
                    answer = await client.post(path, content=body, headers=headers)

                    assert answer.status_code in {400, 422}, (path, depth, body[:60], answer.text)


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        (V1, '{"instances":["good",NESTED]}', "body.instances"),
        (V1, '{"inputs":{"a":NESTED}}', "body.inputs"),
        (INVOCATIONS, '{"inputs":["good",NESTED]}', "body.inputs"),
        (INVOCATIONS, "[NESTED]", "body.array"),
    ],
)
async def test_its_place_is_named(serve: Serve, sentiment: Path, path: str, body: str, place: str) -> None:
    headers = {"Content-Type": "application/json"}
    async with serve(sentiment, deployment="m") as client:
        answer = await client.post(path, content=body.replace("NESTED", lists(300)), headers=headers)

    assert answer.status_code == 400
    assert f"{place}: it is nested too deeply" in answer.text


async def test_it_costs_no_other_request_of_its_connection(sentiment: Path) -> None:
    deep = f'{{"text":{lists(254)}}}'.encode()
    async with wired(sentiment) as wire:
        answers = await wire.told(request() + request(deep) + request(BODY, "Connection: close"))

    assert codes(answers) == [200, 422, 200]


@pytest.mark.parametrize("prompt", [[], {}, ["query"], 1, None, True])
async def test_a_prompt_is_a_string(serve: Serve, tmp_path: Path, prompt: object) -> None:
    body = {
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a"]}],
        "parameters": {"prompt": prompt},
    }
    async with serve(TASKS["text-embedding"](tmp_path), deployment="m") as client:
        answer = await client.post(V2, json=body)

    assert answer.status_code == 400
    assert "body.parameters.prompt: must be a string" in answer.json()["error"]
