"""`modelyard-server fetch`: bring the pinned artifact into the model folder, and prove that it is it."""

import json
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import structlog

from modelyard_server import contract
from modelyard_server.fetch import pin
from modelyard_server.fetch.archive import unpack
from modelyard_server.fetch.guard import guarded, no_space
from modelyard_server.fetch.marker import Fetched, FetchedFile, is_complete, read_marker, write_marker
from modelyard_server.fetch.settings import Settings, read_settings
from modelyard_server.fetch.stores.base import Entry, Store
from modelyard_server.fetch.stores.registry import open_store
from modelyard_server.fetch.survey import survey
from modelyard_server.fetch.transfer import Progress, StoppedError, transfer
from modelyard_server.fetch.uri import ModelUri, parse
from modelyard_server.fetch.verify import check_digest, check_pin

WORK_FOLDER: Final = ".partial"
PARALLEL: Final = 4
LOG_SECONDS: Final = 5.0


def run(environ: Mapping[str, str]) -> int:
    """Fetch the pinned artifact and report digest and bytes.

    Returns:
        The exit status, 0 or 1.
    """
    return guarded("fetch", environ, lambda: fetch(environ))


def fetch(environ: Mapping[str, str]) -> dict[str, Any]:
    """Fetch, and return the report's fields.

    Raises:
        SourceError: The source can't be read, changed, or has another digest.
        OSError: The model folder can't be written.
    """
    settings = read_settings(environ, contract.ENV_MODEL_PINNED)
    uri = parse(settings.uri)
    store = open_store(uri, settings.context)
    previous = read_marker(settings.model_dir)
    if previous is not None and _still_holds(previous, settings):
        check_digest(previous.digest, settings.digest, uri.shown)
        return {"digest": previous.digest, "bytes": previous.size}

    surveyed = survey(store, uri, settings.variant, settings.patience)
    check_pin(store, uri, surveyed, settings.patience)
    in_place = _in_place(store, surveyed.needed)
    if in_place is not None:
        digest = pin.digest(in_place)
        check_digest(digest, settings.digest, uri.shown)
        return {"digest": digest, "bytes": surveyed.size}

    job = FetchJob(settings, uri, store)
    files = job.bring(surveyed.needed)
    digest = pin.digest({file.path: file.sha256 for file in files})
    check_digest(digest, settings.digest, uri.shown)
    fetched = Fetched(pinned=settings.uri, variant=settings.variant, digest=digest, files=files)
    job.install(fetched, previous)
    return {"digest": digest, "bytes": fetched.size}


def _in_place(store: Store, needed: Sequence[Entry]) -> dict[str, str] | None:
    """The hashes of files that are served where they are; None where they must come here."""
    hashes = {entry.path: store.verified_in_place(entry) for entry in needed}
    known = {path: sha for path, sha in hashes.items() if sha is not None}
    return known if len(known) == len(needed) else None


def _still_holds(previous: Fetched, settings: Settings) -> bool:
    return (previous.pinned, previous.variant) == (settings.uri, settings.variant) and is_complete(
        settings.model_dir, previous
    )


class FetchJob:
    """One artifact on its way into the model folder.

    Everything lands below `.partial/KEY/` first, KEY standing for this reference and variant, so that a
    restarted container resumes its own work and nobody else's; it is moved into place when all is verified.
    """

    def __init__(self, settings: Settings, uri: ModelUri, store: Store) -> None:
        self._settings = settings
        self._uri = uri
        self._store = store
        self._progress = Progress()
        self._stop = threading.Event()
        self._log = structlog.get_logger()
        key = sha256(f"{settings.uri}\0{settings.variant}".encode()).hexdigest()[:32]
        self._work = settings.model_dir / WORK_FOLDER / key
        self._files = self._work / "files"

    def bring(self, needed: Sequence[Entry]) -> list[FetchedFile]:
        """Bring the files needed into the work folder.

        Raises:
            SourceError: Of the first file that failed.
            OSError: The disk is full, or can't be written.
        """
        self._clear_others()
        for entry in needed:
            (self._files / entry.path).parent.mkdir(parents=True, exist_ok=True)
        self._check_space(needed)
        brought = self._download(needed)
        if self._uri.is_archive:
            name = needed[0].path
            self._log.info("unpacking", archive=name)
            return unpack(self._part(needed[0]), name, self._files, self._settings.variant)
        return sorted(brought, key=lambda file: file.path)

    def install(self, fetched: Fetched, previous: Fetched | None) -> None:
        """Move the verified files into place, say so in the marker, and clear up.

        Raises:
            OSError: The model folder can't be written.
        """
        model_dir = self._settings.model_dir
        for file in fetched.files:
            target = model_dir / file.path
            staged = self._files / file.path
            if staged.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        write_marker(model_dir, fetched)
        kept = {file.path for file in fetched.files}
        for stale in previous.files if previous is not None else ():
            if stale.path not in kept:
                (model_dir / stale.path).unlink(missing_ok=True)
        shutil.rmtree(model_dir / WORK_FOLDER)

    def _clear_others(self) -> None:
        folder = self._settings.model_dir / WORK_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.iterdir():
            if other != self._work:
                shutil.rmtree(other)

    def _check_space(self, needed: Sequence[Entry]) -> None:
        here = sum(part.stat().st_size for entry in needed if (part := self._part(entry)).exists())
        here += sum(entry.size for entry in needed if self._finished(entry) is not None)
        still = sum(entry.size for entry in needed) - here
        free = shutil.disk_usage(self._work).free
        if still > free:
            raise no_space(self._settings.model_dir, still, free)

    def _download(self, needed: Sequence[Entry]) -> list[FetchedFile]:
        total = sum(entry.size for entry in needed)
        self._log.info("fetching", source=self._uri.shown, files=len(needed), bytes=total)
        with ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="fetch") as pool:
            futures = {pool.submit(self._bring_one, entry) for entry in needed}
            try:
                self._watch(futures, total)
            finally:
                self._stop.set()
        # The first failure stops the others: theirs say nothing.
        failures = [error for future in futures if (error := future.exception()) is not None]
        for error in failures:
            if not isinstance(error, StoppedError):
                raise error
        return [future.result() for future in futures]

    def _watch(self, futures: set[Future[FetchedFile]], total: int) -> None:
        started = last = time.monotonic()
        before = self._progress.done
        pending = futures
        while pending:
            done, pending = wait(pending, timeout=LOG_SECONDS, return_when=FIRST_EXCEPTION)
            now, bytes_done = time.monotonic(), self._progress.done
            if pending:
                rate = (bytes_done - before) / max(now - last, 1e-3) / 1e6
                self._log.info(
                    "progress",
                    files=len(futures) - len(pending),
                    of_files=len(futures),
                    bytes=bytes_done,
                    of_bytes=total,
                    mb_per_s=round(rate, 1),
                )
            last, before = now, bytes_done
            if any(future.exception() is not None for future in done):
                return
        elapsed = max(time.monotonic() - started, 1e-3)
        self._log.info("fetched", files=len(futures), bytes=total, mb_per_s=round(total / elapsed / 1e6, 1))

    def _bring_one(self, entry: Entry) -> FetchedFile:
        finished = self._finished(entry)
        if finished is not None and pin.file_sha256(finished[0]) == finished[1]:
            self._progress.add(entry.size)
            return FetchedFile(entry.path, entry.size, finished[1])
        part = self._part(entry)
        sha = transfer(
            self._store,
            entry,
            part,
            patience=self._settings.patience,
            progress=self._progress,
            stopped=self._stop.is_set,
            shown=self._uri.shown,
        )
        if not self._uri.is_archive:
            # The record first: a file in place without one would be fetched again.
            self._record(entry).write_text(json.dumps({"size": entry.size, "sha256": sha}))
            part.replace(self._files / entry.path)
        return FetchedFile(entry.path, entry.size, sha)

    def _finished(self, entry: Entry) -> tuple[Path, str] | None:
        """Where an earlier try left the whole file, and the hash it must have."""
        try:
            recorded = str(json.loads(self._record(entry).read_bytes())["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        for path in (self._files / entry.path, self._settings.model_dir / entry.path):
            if path.is_file() and path.stat().st_size == entry.size:
                return path, recorded
        return None

    def _part(self, entry: Entry) -> Path:
        return self._work / f"{_name(entry)}.part"

    def _record(self, entry: Entry) -> Path:
        return self._work / f"{_name(entry)}.json"


def _name(entry: Entry) -> str:
    # The tag is in it, so that another content under the same path never continues this one's bytes.
    return sha256(f"{entry.path}\0{entry.size}\0{entry.tag}".encode()).hexdigest()[:32]
