"""What `modelyard tune` measured: the `tuning` of `modelyard.json`, or the deployment's `tuning.json`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from pydantic.alias_generators import to_camel

from modelyard_server.artifact.files_section import ModelPath, Name

_CONFIG = ConfigDict(
    extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
)

BATCH_SHIFT_LIMIT = 1e-3
"""Most by which a score may differ between batches for a form to count as independent of its batch."""


class TuningError(ValueError):
    """A table can't be used; the message names the field."""


class Row(BaseModel):
    """One way to run the model, as measured.

    Attributes:
        engine: Its engine.
        file: Its file, relative to the artifact's root.
        precision: What `files` calls the file's form.
        size: Bytes of the file, with the weights beside an IR file: a table of another model is told by it.
        threads: Threads of the engine.
        latency_ms: Median milliseconds of one item alone.
        items_per_second: Batch size -> items a second.
        max_batch: The smallest batch that comes within a few percent of the most items a second.
        load_seconds: Seconds until the model was open.
        rss_mb: Most memory of the process in MB.
        batch_flips: Share of the items whose answer differs between batches.
        batch_shift: Most by which a number of an answer differs between batches.
        flips: Share of the items whose answer differs from the reference form's; None: not compared.
        shift: Most by which a number of an answer differs from the reference form's; None: not compared.
        refused: Why it may not be used unless it is named; None: it may.
    """

    model_config = _CONFIG

    engine: Name
    file: ModelPath
    precision: Name
    size: int = Field(ge=0)
    threads: int = Field(ge=1, le=1024)
    latency_ms: float = Field(gt=0)
    items_per_second: dict[Annotated[int, Field(ge=1, le=4096)], float] = Field(min_length=1, max_length=16)
    max_batch: int = Field(ge=1, le=4096)
    load_seconds: float = Field(ge=0)
    rss_mb: float = Field(ge=0)
    batch_flips: float = Field(ge=0, le=1)
    batch_shift: float = Field(ge=0)
    flips: float | None = Field(None, ge=0, le=1)
    shift: float | None = Field(None, ge=0)
    refused: str | None = Field(None, max_length=500)

    @property
    def best_rate(self) -> float:
        """Items a second at `max_batch`."""
        return self.items_per_second.get(self.max_batch) or max(self.items_per_second.values())


class Table(BaseModel):
    """What was measured on one kind of machine.

    Attributes:
        measured_at: When, in UTC.
        server: Version of the model server that measured.
        samples: What the items were.
        rows: Every way that was tried.
    """

    model_config = _CONFIG

    measured_at: str = Field(max_length=40)
    server: str = Field(max_length=40)
    samples: str = Field(max_length=200)
    rows: list[Row] = Field(min_length=1, max_length=200)


class Tuning(RootModel[Annotated[dict[Annotated[str, Field(max_length=200)], Table], Field(max_length=64)]]):
    """Fingerprint of a CPU and its threads (`engines.cpu.fingerprint`) -> what was measured there."""

    def merged(self, other: "Tuning") -> "Tuning":
        """This with the other's machines, whose tables replace one's own."""
        return Tuning({**self.root, **other.root})


def parse_tuning(text: bytes | str) -> Tuning:
    """Parse a table.

    Raises:
        TuningError: It is not JSON, or of another form.
    """
    try:
        return Tuning.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise TuningError(f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}") from None
