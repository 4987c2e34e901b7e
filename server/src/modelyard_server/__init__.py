"""The Modelyard model server."""

import os

# ONNX Runtime and the Hub's client report usage to their makers unless told otherwise before they are
# imported; this runs before every other module of this package. A value that is already set stays.
for _variable in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_variable, "1")
