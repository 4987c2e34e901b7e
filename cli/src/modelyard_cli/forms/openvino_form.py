"""OpenVINO's INT8, made by NNCF (https://docs.openvino.ai/2025/openvino-workflow/model-optimization.html)."""

import logging
from collections.abc import Sequence
from pathlib import Path

from modelyard_server.engines.base import Tensors
from modelyard_server.engines.openvino import library


def int8(source: Path, target: Path, feeds: Sequence[Tensors]) -> None:
    """Quantize weights and activations, with scales fixed on the feeds; writes the IR's `.xml` and `.bin`."""
    openvino = library()  # before NNCF, which would import it with what sends usage data
    import nncf  # noqa: PLC0415 - seconds to import

    logging.getLogger("nncf").setLevel(logging.ERROR)
    model = openvino.Core().read_model(source)
    # Attention is told by its operators; the scheme for it leaves what is sensitive as it is.
    kinds = {operation.get_type_name() for operation in model.get_ops()}
    attention = "Softmax" in kinds and "Convolution" not in kinds
    quantized = nncf.quantize(
        model,
        nncf.Dataset([dict(each) for each in feeds]),
        subset_size=len(feeds),
        model_type=nncf.ModelType.TRANSFORMER if attention else None,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(quantized, target, compress_to_fp16=False)
