"""Records what transformers' image processors make of `cases.py`: run it where `transformers` is installed.

python -m tests.server.tasks.parity.record_processors     writes processors.json beside itself
"""

import importlib
import json
from pathlib import Path

from tests.server.tasks.parity.cases import PICTURES, PROCESSORS, picture, samples


def main() -> None:
    """Writes the configuration that each processor saves, and samples of its tensors."""
    transformers = importlib.import_module("transformers")
    recorded = []
    for case in PROCESSORS:
        options = {key: value for key, value in case.items() if key != "class"}
        kind = getattr(transformers, case["class"] + "Pil", None) or getattr(transformers, case["class"])
        processor = kind(**options)
        config = json.loads(processor.to_json_string())
        for size in PICTURES:
            tensor = processor(picture(size), return_tensors="np")["pixel_values"][0]
            recorded.append(
                {"config": config, "picture": size, "shape": tensor.shape, "samples": samples(tensor)}
            )
    path = Path(__file__).parent / "processors.json"
    path.write_text(json.dumps(recorded) + "\n")


if __name__ == "__main__":
    main()
