import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelyard_server.artifact.describe import describe
from modelyard_server.fetch import download
from modelyard_server.fetch.marker import MARKER
from tests.server.fetch.conftest import Commands
from tests.server.fetch.models import hugging_face, needed
from tests.server.fetch.webserver import Page, WebServer

WEIGHTS = bytes(range(256)) * 8000


@pytest.fixture
def pinned(commands: Commands, web: WebServer) -> str:
    for name, content in hugging_face(WEIGHTS).items():
        web.put(f"/m/{name}", content)
    reference: str = commands.resolve(f"{web.url}/m")["pinned"]
    web.requests.clear()
    return reference


def test_a_restarted_container_returns_at_once(commands: Commands, web: WebServer, pinned: str) -> None:
    first = commands.fetch(pinned)
    web.requests.clear()
    second = commands.fetch(pinned)
    assert (second["digest"], second["bytes"]) == (first["digest"], first["bytes"])
    assert web.requests == []


def test_serving_describes_what_was_fetched_as_it_would_the_source(
    commands: Commands, pinned: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    for name, content in hugging_face(WEIGHTS).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    assert commands.fetch(pinned)["ok"]
    ours, theirs = describe(commands.model_dir), describe(source)
    assert ours.model_file.relative_to(commands.model_dir) == theirs.model_file.relative_to(source)
    assert (ours.task, ours.manifest, ours.files) == (theirs.task, theirs.manifest, theirs.files)


def test_a_marker_without_its_files_is_not_believed(commands: Commands, pinned: str) -> None:
    assert commands.fetch(pinned)["ok"]
    (commands.model_dir / "config.json").unlink()
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == needed(hugging_face(WEIGHTS))
    (commands.model_dir / MARKER).write_text("{")
    assert commands.fetch(pinned)["ok"]


def test_a_cut_connection_is_taken_up_again(commands: Commands, web: WebServer, pinned: str) -> None:
    web.pages["/m/onnx/model.onnx"].cuts = [700_000, 500_000]
    assert commands.fetch(pinned, MODELYARD_FETCH_RETRY_SECONDS="30")["ok"]
    assert commands.files() == needed(hugging_face(WEIGHTS))
    asked = web.ranges_asked("/m/onnx/model.onnx")
    assert asked[0] == ""
    assert len(asked) == 3
    assert all(value.startswith("bytes=") for value in asked[1:])


def test_a_server_that_ignores_ranges_is_resumed_from_too(
    commands: Commands, web: WebServer, pinned: str
) -> None:
    web.pages["/m/onnx/model.onnx"].ranges = False
    web.pages["/m/onnx/model.onnx"].cuts = [10**9, 700_000]
    assert commands.fetch(pinned, MODELYARD_FETCH_RETRY_SECONDS="30")["ok"]
    assert commands.files() == needed(hugging_face(WEIGHTS))


def test_a_restarted_container_continues(commands: Commands, web: WebServer, pinned: str) -> None:
    web.pages["/m/onnx/model.onnx"].cuts = [700_000]
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert not (commands.model_dir / MARKER).exists()
    assert "onnx/model.onnx" not in commands.files()
    web.requests.clear()
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == needed(hugging_face(WEIGHTS))
    (asked,) = web.ranges_asked("/m/onnx/model.onnx")
    assert asked.startswith("bytes=")
    assert int(asked.removeprefix("bytes=").rstrip("-")) > 0


def test_a_whole_file_that_rotted_is_fetched_again(commands: Commands, web: WebServer, pinned: str) -> None:
    wanted = {"MODELYARD_MODEL_DIGEST": "sha256:" + "0" * 64}
    assert commands.fetch(pinned, **wanted)["reason"] == "DigestMismatch"
    (config,) = commands.model_dir.rglob("config.json")
    config.write_bytes(b"x" * config.stat().st_size)
    web.requests.clear()
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == needed(hugging_face(WEIGHTS))
    assert web.ranges_asked("/m/config.json") == [""]
    assert web.ranges_asked("/m/onnx/model.onnx") == []


def test_a_digest_mismatch_names_both_and_installs_nothing(commands: Commands, pinned: str) -> None:
    wanted = "sha256:" + "0" * 64
    report = commands.fetch(pinned, MODELYARD_MODEL_DIGEST=wanted)
    assert (report["reason"], report["permanent"]) == ("DigestMismatch", True)
    assert wanted in report["message"]
    assert not (commands.model_dir / "config.json").exists()
    assert not (commands.model_dir / MARKER).exists()
    digest = commands.fetch(pinned)["digest"]
    assert digest in report["message"]
    assert commands.fetch(pinned, MODELYARD_MODEL_DIGEST=digest)["ok"]
    assert commands.fetch(pinned, MODELYARD_MODEL_DIGEST=wanted)["reason"] == "DigestMismatch"


def test_a_changed_source_is_refused(commands: Commands, web: WebServer, pinned: str) -> None:
    web.put("/m/tokenizer.json", b"[1]")
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("SourceChanged", True)
    assert commands.files() == {}


def test_another_model_takes_the_place_of_the_first(commands: Commands, web: WebServer, pinned: str) -> None:
    assert commands.fetch(pinned)["ok"]
    web.put("/net.onnx", b"net")
    assert commands.fetch(commands.resolve(f"{web.url}/net.onnx")["pinned"])["ok"]
    assert commands.files() == {"net.onnx": b"net"}


def test_what_another_reference_left_half_is_cleared(commands: Commands, web: WebServer, pinned: str) -> None:
    web.pages["/m/onnx/model.onnx"].cuts = [700_000]
    assert not commands.fetch(pinned)["ok"]
    web.put("/net.onnx", b"net")
    assert commands.fetch(commands.resolve(f"{web.url}/net.onnx")["pinned"])["ok"]
    assert not (commands.model_dir / download.WORK_FOLDER).exists()


def test_one_failure_stops_the_others_and_is_the_one_reported(
    commands: Commands, web: WebServer, pinned: str
) -> None:
    refused = threading.Event()

    def before(request: object) -> None:
        path, wanted = request.path, request.headers.get("range")  # type: ignore[attr-defined]
        if wanted == "bytes=0-0":
            return
        if path == "/m/tokenizer.json":
            web.pages[path] = Page(b"no", status=403)
            refused.set()
        elif path == "/m/onnx/model.onnx":
            refused.wait(10)

    web.before = before
    report = commands.fetch(pinned)
    assert report["reason"] == "Forbidden"


def test_a_reference_without_a_pin(commands: Commands, web: WebServer, pinned: str) -> None:
    report = commands.fetch(f"{web.url}/m")
    assert report["reason"] == "InvalidURI"
    assert "no pinned reference" in report["message"]


def test_a_file_beyond_the_free_space_is_refused_before_it_comes(commands: Commands, web: WebServer) -> None:
    web.put("/net.onnx", b"net").claimed = 10**15
    report = commands.fetch(commands.resolve(f"{web.url}/net.onnx")["pinned"])
    assert (report["reason"], report["permanent"]) == ("NoSpace", False)
    assert "953,674,316.4 MiB are needed" in report["message"]
    assert web.ranges_asked("/net.onnx") == []


def test_a_disk_that_fills_up(commands: Commands, web: WebServer, tmp_path: Path) -> None:
    # A disk of 1 MiB in a mount namespace of its own, filled by another while the first bytes come.
    web.put("/net.onnx", bytes(900_000))
    reference = commands.resolve(f"{web.url}/net.onnx")["pinned"]
    report = tmp_path / "report"
    script = tmp_path / "fetch.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from modelyard_server.fetch import download\n"
        "space = download.FetchJob._check_space\n"
        "def filled(self, needed):\n"
        "    space(self, needed)\n"
        "    (Path(os.environ['MODELYARD_MODEL_DIR']) / 'ballast').write_bytes(bytes(500_000))\n"
        "download.FetchJob._check_space = filled\n"
        "sys.exit(download.run(os.environ))\n"
    )
    mount = f"mount -t tmpfs -o size=1m tmpfs {commands.model_dir} && exec {sys.executable} {script}"
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    ended = subprocess.run(
        [*namespace, "sh", "-c", mount],
        env={
            **os.environ,
            "MODELYARD_MODEL_PINNED": reference,
            "MODELYARD_MODEL_DIR": str(commands.model_dir),
            "MODELYARD_TERMINATION_LOG": str(report),
            "MODELYARD_ALLOW_HTTP": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert json.loads(report.read_text())["reason"] == "NoSpace", ended.stdout


def test_a_model_folder_that_cannot_be_written(commands: Commands, pinned: str) -> None:
    commands.model_dir.rmdir()
    commands.model_dir.write_text("a file")
    report = commands.fetch(pinned)
    assert report["reason"] == "InternalError"
    assert str(commands.model_dir) in report["message"]
    assert os.strerror(errno.ENOTDIR) in report["message"]


def test_sigterm_ends_it_at_once(commands: Commands, web: WebServer, pinned: str) -> None:
    arrived, release = threading.Event(), threading.Event()

    def before(request: object) -> None:
        if request.path == "/m/onnx/model.onnx" and request.headers.get("range") != "bytes=0-0":  # type: ignore[attr-defined]
            arrived.set()
            release.wait(30)

    web.before = before
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys; from modelyard_server.fetch import download; download.run(os.environ)",
        ],
        env={
            **os.environ,
            "MODELYARD_MODEL_PINNED": pinned,
            "MODELYARD_MODEL_DIR": str(commands.model_dir),
            "MODELYARD_ALLOW_HTTP": "true",
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        assert arrived.wait(30)
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM
    finally:
        release.set()
        process.kill()
        process.wait()


class Log(io.TextIOBase):
    """Standard output, and a sign that progress was written to it."""

    def __init__(self) -> None:
        self.text = ""
        self.has_progress = threading.Event()

    def write(self, text: str) -> int:
        self.text += text
        if '"event": "progress"' in self.text:
            self.has_progress.set()
        return len(text)


def test_progress_is_logged(
    commands: Commands, web: WebServer, pinned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(download, "LOG_SECONDS", 0.01)
    monkeypatch.setattr(sys, "stdout", log)

    def before(request: object) -> None:
        if request.path == "/m/onnx/model.onnx" and request.headers.get("range") != "bytes=0-0":  # type: ignore[attr-defined]
            assert log.has_progress.wait(30)

    web.before = before
    assert commands.fetch(pinned, MODELYARD_DEPLOYMENT="sentiment")["ok"]
    lines = [json.loads(line) for line in log.text.splitlines()]
    events = {line["event"]: line for line in lines}
    assert {"fetching", "progress", "fetched", "done"} <= set(events)
    assert events["progress"]["of_files"] == 4
    assert events["progress"]["of_bytes"] == events["done"]["bytes"]
    assert "mb_per_s" in events["progress"]
    assert all(line["deployment"] == "sentiment" and line["command"] == "fetch" for line in lines)
