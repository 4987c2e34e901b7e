import json
from pathlib import Path

from benchmarks.server.asked import asking, module
from tests.server.models import text_model


def test_a_choice_of_options_tells_time_and_memory(tmp_path: Path) -> None:
    model = text_model(tmp_path, token_types=False)
    choice = json.dumps({"arena": False, "level": "none"})

    with asking(module("options_row", model / "model.onnx", model / "tokenizer.json", choice)) as program:
        told = program.ask(0.05)

    assert told["rate"] > 0
    assert told["cost"] > 0
    assert told["resident"] > 10
