"""`detection` in `modelyard.json`: which of a detector's boxes are answers."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_DETECTIONS = 1000
"""Most boxes of a picture that may be asked for; suppressing more would hold others up."""


class DetectionSection(BaseModel):
    """Thresholds, each the default of the request's parameter."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, title="detection", validate_by_name=False
    )

    confidence: float | None = Field(
        None, ge=0, le=1, description="Boxes with this score or less are left out; default: 0.25."
    )
    iou: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Of two boxes of one class that overlap by more (intersection over union), the better "
        "stays; default: 0.7. Not for models that do it themselves.",
    )
    max_detections: int | None = Field(
        None, ge=1, le=MAX_DETECTIONS, description="Most boxes of a picture; default: 300."
    )
