"""How a model starts, from the resource, the artifact and the tables that this pod can read."""

from dataclasses import replace
from pathlib import Path

import structlog

from modelyard_server import contract
from modelyard_server.artifact.describe import Artifact, variant_of
from modelyard_server.artifact.tuning_section import Tuning, TuningError, parse_tuning
from modelyard_server.engines.choice import Start, Wanted, choose_start
from modelyard_server.engines.cpu import fingerprint
from modelyard_server.engines.threads import default_threads

log = structlog.get_logger(__name__)


def choose(artifact: Artifact, wanted: Wanted, runtime_dir: Path) -> tuple[Artifact, Start]:
    """Choose engine, file, threads and batch size, and say in the log which and why.

    The deployment's own table counts for more than the one in the artifact: it was measured later, and where
    the model runs.

    Args:
        artifact: What there is.
        wanted: What the resource says.
        runtime_dir: Where `tuning.json` is, if anything was measured for the deployment.

    Returns:
        The artifact with the file to run, and how to run it.

    Raises:
        SourceError: LoadFailed: no engine of this image can run it.
    """
    limit = default_threads()
    machine = fingerprint(limit)
    tables = [*_own_table(runtime_dir), *_artifact_table(artifact)]
    start = choose_start(artifact, wanted, wanted.threads or limit, tables=tables, machine=machine)
    for sentence in start.ignored:
        log.info("tuning ignored", because=sentence)
    log.info(
        "engine chosen",
        engine=start.form.engine,
        file=start.form.file,
        precision=start.form.precision,
        threads=start.threads,
        max_batch=start.max_batch,
        because=start.why,
    )
    file = artifact.directory / start.form.file
    if file != artifact.model_file:
        artifact = replace(artifact, model_file=file, variant=variant_of(file))
    return artifact, start


def _own_table(runtime_dir: Path) -> list[tuple[str, Tuning]]:
    path = runtime_dir / contract.TUNING_FILE
    try:
        return [(contract.TUNING_FILE, parse_tuning(path.read_bytes()))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (TuningError, OSError) as error:
        log.warning("tuning ignored", because=f"{path}: {error}")
        return []


def _artifact_table(artifact: Artifact) -> list[tuple[str, Tuning]]:
    tuning = artifact.manifest.tuning
    return [] if tuning is None else [("modelyard.json", tuning)]
