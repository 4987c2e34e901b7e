"""`embedding` in `modelyard.json`: how a text's tokens become one vector."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Pooling(StrEnum):
    """How the vectors of a text's tokens become one, in the words of sentence-transformers."""

    CLS = "cls"
    MAX = "max"
    MEAN = "mean"
    MEAN_SQRT_LEN = "mean_sqrt_len_tokens"
    WEIGHTED_MEAN = "weightedmean"
    LAST = "lasttoken"


class EmbeddingSection(BaseModel):
    """Settles what an embedding model's own files leave open."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=False)

    pooling: Pooling | None = Field(
        None,
        description="How the vectors of a text's tokens become one: `mean`, `cls` (the first token's), "
        "`lasttoken`, `max`, `mean_sqrt_len_tokens` or `weightedmean` (later tokens weigh more).",
    )
    normalize: bool | None = Field(None, description="Whether vectors are scaled to length 1.")
    output: str | None = Field(
        None,
        min_length=1,
        description="The output of the model to take: token vectors [batch, tokens, width], or vectors of "
        "whole texts [batch, width].",
    )
