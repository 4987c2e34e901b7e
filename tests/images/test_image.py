"""The images as built: what is in them, and the programs run as a pod would run them."""

import functools
import json
import os
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from images import archive, report
from images.__main__ import ROOT
from images.build import Settings, build, chosen
from images.cache import cache_folder
from images.engine import find
from images.index import BuiltImage
from images.inputs import PARTS, VARIANTS, component, stage
from tests.server.models import text_model

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="changing the root directory needs Linux and root",
    ),
]

FORBIDDEN = {
    *(
        "sh",
        "bash",
        "dash",
        "busybox",
        "apt",
        "apt-get",
        "dpkg",
        "pip",
        "pip3",
        "uv",
        "gcc",
        "cc",
        "g++",
        "as",
        "ld",
    ),
    *("strip", "perl", "make", "openssl", "curl", "wget"),
}
FORBIDDEN_PACKAGES = {
    *("pip", "setuptools", "wheel", "torch", "transformers", "pytest", "hf_xet", "ensurepip"),
    "openvino_telemetry",
}

IN_READ_ONLY_ROOT = """
set -e
mount --bind {root} {root}
mount -o remount,ro,bind {root}
mount --bind /proc {root}/proc
mount --rbind /dev {root}/dev
mount -t tmpfs tmpfs {root}/tmp
exec env -i {env} {chroot} --userspec=65532:65532 {root} {command}
"""
"""In a mount name space of its own: the root file system read-only, /tmp empty, the image's user."""


ASK = """
import os, signal, socket, subprocess, sys, time, urllib.request
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
serving = {"MODELYARD_PORT": str(port), "MODELYARD_HOST": "127.0.0.1", "MODELYARD_MODEL_DIR": "/model"}
serving["MODELYARD_ENGINE"] = sys.argv[1]
server = subprocess.Popen(
    ["/app/bin/modelyard-server", "serve"], env={**os.environ, **serving}, stdout=subprocess.DEVNULL
)
url = f"http://127.0.0.1:{port}"
while True:
    try:
        urllib.request.urlopen(f"{url}/ready")
        break
    except OSError:
        if server.poll() is not None:
            sys.exit(f"the server ended with {server.returncode}")
        time.sleep(0.05)
text = b'{"text": ["a great film", "a boring film"]}'
print(urllib.request.urlopen(f"{url}/predict", text).read().decode())
server.send_signal(signal.SIGINT)
server.wait()
"""
"""Run by an image's own Python: serve /model with the engine that the argument names, and ask it once."""


@pytest.fixture(scope="module", params=[*PARTS, *VARIANTS])
def image(request: pytest.FixtureRequest) -> BuiltImage:
    cache = cache_folder(os.environ)
    tool = find(os.environ.get("MODELYARD_ENGINE"), cache, os.environ)
    if request.param not in (*chosen("all", tool, Settings(ROOT, cache)), *VARIANTS):
        pytest.skip("clusters of docker and podman pull the cache's image")
    return build(request.param, tool, Settings(ROOT, cache), os.environ)


@pytest.fixture(scope="module")
def contents(image: BuiltImage) -> archive.Contents:
    return archive.read(Path(image.archive))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[BuiltImage], Path]:
    """Unpacks each image once: pytest makes a module's fixtures anew for each value of a parameter."""

    @functools.cache
    def unpack(image: BuiltImage) -> Path:
        root = tmp_path_factory.mktemp(f"rootfs-{image.part}")
        # The user of the image must be able to walk down to it.
        for folder in (root, *root.parents[:2]):
            folder.chmod(0o755)
        with tarfile.open(image.archive) as outer:
            for name in json.load(outer.extractfile("manifest.json"))[0]["Layers"]:
                with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                    layer.extractall(root, filter="tar")
        return root

    return unpack


@pytest.fixture(scope="module")
def rootfs(image: BuiltImage, unpacked: Callable[[BuiltImage], Path]) -> Path:
    return unpacked(image)


@pytest.fixture
def run(image: BuiltImage, rootfs: Path) -> Callable[..., str]:
    environment = settings(image)["Env"]

    def run(*command: str) -> str:
        script = IN_READ_ONLY_ROOT.format(
            root=rootfs,
            env=shlex.join(environment),
            chroot=subprocess.check_output(["sh", "-c", "command -v chroot"], text=True).strip(),
            command=shlex.join(command),
        )
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def settings(image: BuiltImage) -> dict:
    with tarfile.open(image.archive) as outer:
        (manifest,) = json.load(outer.extractfile("manifest.json"))
        return json.load(outer.extractfile(manifest["Config"]))["config"]


def test_unchanged_inputs_are_not_built_again(image: BuiltImage, tmp_path: Path) -> None:
    # A copy: the work tree may change while the test runs.
    stage(ROOT, image.part, tmp_path)
    cache = cache_folder(os.environ)
    tool = find(os.environ.get("MODELYARD_ENGINE"), cache, os.environ)
    first = build(image.part, tool, Settings(tmp_path, cache), os.environ)
    written = Path(first.archive).stat().st_mtime_ns
    assert build(image.part, tool, Settings(tmp_path, cache), os.environ) == first
    assert Path(first.archive).stat().st_mtime_ns == written


def test_the_image_is_within_its_limit(image: BuiltImage, contents: archive.Contents) -> None:
    assert report.over_limit(image.part, contents) is None
    assert contents.unpacked_bytes == image.unpacked_bytes


def test_the_image_says_what_it_is_and_who_it_runs_as(image: BuiltImage) -> None:
    found = settings(image)
    assert found["User"] == "65532:65532"
    assert found["Entrypoint"] == [f"/app/bin/modelyard-{component(image.part)}"]
    labels = {name.rpartition(".")[2]: value for name, value in found["Labels"].items()}
    assert labels["title"] == f"modelyard-{component(image.part)}"
    assert labels["licenses"] == "Apache-2.0"
    assert {"version", "revision"} <= labels.keys()


def test_the_image_holds_no_shell_compiler_or_installer(contents: archive.Contents) -> None:
    programs = {Path(path).name for path in contents.sizes if Path(path).parent.name in {"bin", "sbin"}}
    assert not programs & FORBIDDEN
    parts = {part for path in contents.sizes for part in path.split("/")[:-1]}
    assert not parts & FORBIDDEN_PACKAGES


def test_every_module_has_valid_bytecode(contents: archive.Contents, rootfs: Path) -> None:
    sources = {path for path in contents.sizes if path.endswith(".py")}
    compiled = {report.source_of(path): path for path in contents.sizes if path.endswith(".pyc")}
    assert sources <= compiled.keys()
    flags = {(rootfs / path).read_bytes()[4:8] for path in compiled.values()}
    assert flags == {(0b01).to_bytes(4, "little")}


def test_the_program_runs_on_a_read_only_root(image: BuiltImage, run: Callable[..., str]) -> None:
    program = f"modelyard-{component(image.part)}"
    assert f"usage: {program}" in run(f"/app/bin/{program}", "--help")


def test_the_program_is_not_root_and_trusts_the_public_authorities(run: Callable[..., str]) -> None:
    code = """
import os, pwd, ssl, zoneinfo
store = ssl.create_default_context().cert_store_stats()
print(os.getuid(), pwd.getpwuid(os.getuid()).pw_name, store["x509_ca"] > 100, zoneinfo.ZoneInfo("UTC"))
"""
    assert run("/app/bin/python3", "-c", code).split() == ["65532", "modelyard", "True", "UTC"]


def test_every_module_of_the_product_can_be_imported(image: BuiltImage, run: Callable[..., str]) -> None:
    code = f"""
import importlib, pkgutil
import modelyard_{component(image.part)} as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(importlib.import_module(package.__name__ + ".contract").__cached__)
"""
    assert run("/app/bin/python3", "-c", code).strip().endswith(".pyc")


@pytest.mark.parametrize("image", ["server", *VARIANTS], indirect=True)
def test_the_native_libraries_of_the_server_work(run: Callable[..., str]) -> None:
    code = """
import cryptography.hazmat.primitives.asymmetric.rsa, google.protobuf, grpc, hiredis, httptools, httpx2
import huggingface_hub, jwt, msgspec, numpy, obstore.store, onnxruntime, opentelemetry.sdk.trace, orjson
import io, PIL.Image, redis, tokenizers, uvloop
import opentelemetry.exporter.otlp.proto.http.trace_exporter
for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
    picture = io.BytesIO()
    PIL.Image.new("RGB", (2, 2)).save(picture, kind)
    PIL.Image.open(picture).load()
assert huggingface_hub.HfApi()
assert obstore.store.S3Store("bucket", region="eu-central-1")
assert numpy.linalg.inv(numpy.eye(3)).sum() == 3
assert tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0}, unk_token="a")).encode("a")
async def main(): return "loop"
print(uvloop.run(main()), onnxruntime.get_available_providers()[-1])
"""
    assert run("/app/bin/python3", "-W", "error", "-c", code).split() == ["loop", "CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("image", "engine"),
    [("server", "onnxruntime"), ("server-openvino", "onnxruntime"), ("server-openvino", "openvino")],
    indirect=["image"],
)
def test_the_server_answers_with_each_engine_that_it_has(
    engine: str, rootfs: Path, run: Callable[..., str]
) -> None:
    model = rootfs / "model"
    if not model.exists():
        text_model(model)
    answer = json.loads(run("/app/bin/python3", "-c", ASK, engine))
    assert [entry[0]["label"] for entry in answer["predictions"]] == ["POSITIVE", "NEGATIVE"]


@pytest.mark.parametrize("image", ["cache"], indirect=True)
def test_the_cache_runs_on_a_read_only_root(run: Callable[..., str]) -> None:
    assert run("/usr/bin/valkey-server", "--version").startswith("Valkey server v=")
