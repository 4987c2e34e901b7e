"""A loaded model: an artifact, its task and the engine that runs it."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard_server import contract
from modelyard_server.artifact.describe import Artifact, describe
from modelyard_server.artifact.huggingface import HuggingFaceFileError
from modelyard_server.artifact.infer import TENSOR, Facts, infer_task
from modelyard_server.artifact.source import source_dir
from modelyard_server.batching.base import StageTimer
from modelyard_server.engines import ENGINES, Engine, EngineOptions, Signature
from modelyard_server.engines.base import EngineError
from modelyard_server.engines.choice import Wanted
from modelyard_server.engines.start import choose
from modelyard_server.report import SourceError, not_a_model
from modelyard_server.settings import Settings
from modelyard_server.tasks import TASKS, Answer, Item, Limits, Prepared, Task

_WARM_UP_RUNS = 3


def _ignore(stage: str, seconds: float) -> None:
    """The timer that nobody listens to."""


@dataclass(slots=True)
class Model:
    """A model that answers; see `batching.base.Runner`.

    Attributes:
        artifact: What its directory holds.
        task_name: Name of its task.
        task: What it does.
        engine: What runs it.
        threads: Threads that the engine uses.
        engine_name: The engine's name.
        precision: What the artifact calls the form of its file.
        max_batch: The most items of a batch that the resource or tuning found best; None: neither says.
    """

    artifact: Artifact
    task_name: str
    task: Task
    engine: Engine
    threads: int
    engine_name: str = "onnxruntime"
    precision: str = "default"
    max_batch: int | None = None

    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """See `Runner.prepare`."""
        return self.task.prepare(items)

    def infer(self, batch: Sequence[Prepared], timer: StageTimer = _ignore) -> list[Answer]:
        """See `Runner.infer`."""
        fixed = self.task.fixed_batch
        if fixed is None:
            return self._infer(batch, timer)
        answers: list[Answer] = []
        for start in range(0, len(batch), fixed):
            part = list(batch[start : start + fixed])
            filled = part + [part[-1]] * (fixed - len(part))
            answers += self._infer(filled, timer)[: len(part)]
        return answers

    def run(self, items: Sequence[Item]) -> list[Answer]:
        """Prepare items and answer them in as few batches as their shapes allow. Blocks.

        Raises:
            InvalidItemError: An item is wrong.
            EngineError: The engine failed on it.
        """
        prepared = self.prepare(items)
        groups: dict[Hashable, list[int]] = {}
        for index, one in enumerate(prepared):
            groups.setdefault(one.group, []).append(index)
        answers: dict[int, Answer] = {}
        for indexes in groups.values():
            answers.update(zip(indexes, self.infer([prepared[index] for index in indexes]), strict=True))
        return [answers[index] for index in range(len(prepared))]

    def warm_up(self, runs: int = _WARM_UP_RUNS) -> None:
        """Run the task's own items until memory is grown and kernels are chosen.

        Raises:
            EngineError: The engine failed on them.
        """
        items = self.task.warm_up()
        for _ in range(runs):
            for item in items:
                self.run([item])
            self.run(items)

    def _infer(self, batch: Sequence[Prepared], timer: StageTimer) -> list[Answer]:
        began = time.perf_counter()
        feeds = self.task.collate(batch)
        collated = time.perf_counter()
        outputs = self.engine.run(feeds)
        ran = time.perf_counter()
        answers = self.task.decode(batch, outputs)
        timer("batch", collated - began)
        timer("inference", ran - collated)
        timer("postprocess", time.perf_counter() - ran)
        return answers


def load_model(settings: Settings, pvc_mount: Path = Path(contract.PVC_MOUNT)) -> Model:
    """Describe the artifact, open it and put its task on top. Blocks.

    Raises:
        SourceError: NotAModel, LoadFailed, NotFound or InvalidURI, in words for the resource's author.
    """
    source = source_dir(settings.uri, settings.model_dir, pvc_mount)
    artifact = describe(source, settings.task, settings.variant)
    if artifact.task is not None:
        _check_task(artifact.task)
    # A source that is one file is that file, whatever else is beside it.
    variant = source.name if source.is_file() else settings.variant
    wanted = Wanted(settings.engine, variant, settings.threads, settings.max_batch)
    artifact, start = choose(artifact, wanted, settings.runtime_dir)
    try:
        engine = ENGINES[start.form.engine](artifact.model_file, EngineOptions(start.threads))
    except EngineError as error:
        raise SourceError(
            contract.REASON_LOAD_FAILED,
            f"{artifact.model_file}: {start.form.engine} can't load it: {error}",
            permanent=True,
        ) from error
    limits = Limits(
        max_items=settings.max_items,
        max_item_bytes=settings.max_item_bytes,
        max_pixels=settings.max_pixels,
        image_urls=bool(settings.image_hosts),
    )
    name = artifact.task or _inferred(artifact, engine.signature)
    try:
        task = TASKS[name](artifact, engine.signature, limits)
    except HuggingFaceFileError as error:
        raise not_a_model(f"{artifact.directory}: {error}") from None
    return Model(
        artifact=artifact,
        task_name=name,
        task=task,
        engine=engine,
        threads=start.threads,
        engine_name=start.form.engine,
        precision=start.form.precision,
        max_batch=start.max_batch,
    )


def _check_task(name: str) -> None:
    if name not in TASKS:
        raise not_a_model(
            f"there is no task {name!r}; there is {', '.join(sorted(TASKS))}: correct spec.model.task or the "
            "task in modelyard.json"
        )


def _inferred(artifact: Artifact, signature: Signature) -> str:
    name = (
        infer_task(Facts(artifact.names, artifact.files.config, signature.metadata, artifact.manifest))
        or TENSOR
    )
    artifact.assumed.append(
        f"task: {name}, told from the artifact; no spec.model.task or modelyard.json names one"
    )
    return name


def warm_up(model: Model) -> None:
    """Warm a model up.

    Raises:
        SourceError: LoadFailed: the model loads but fails on a plain input.
    """
    try:
        model.warm_up()
    except EngineError as error:
        raise SourceError(
            contract.REASON_LOAD_FAILED,
            f"{model.artifact.model_file}: the model loads but fails on its first input: {error}",
            permanent=True,
        ) from error
