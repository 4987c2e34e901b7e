"""A custom runtime (https://docs.seldon.ai/mlserver/user-guide/custom)."""

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from onnx_text import Classifier


class OnnxRuntime(MLModel):
    """Texts in, labels out."""

    async def load(self) -> bool:
        """Load."""
        self.classify = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """A batch that adaptive batching put together."""
        answers = self.classify(StringCodec.decode_input(payload.inputs[0]))
        output = StringCodec.encode_output("labels", [answer["label"] for answer in answers])
        return InferenceResponse(model_name=self.name, outputs=[output])
