"""What the node has for sidecars: their image, and the plugin of the pod network that redirects to them."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from devcluster import redirection, sources
from devcluster.components.base import program
from devcluster.components.istiod import STATS_PREFIX
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.extras.injection import IMAGE
from devcluster.images import ImageStore, files_archive
from devcluster.sources import Sources
from devcluster.toolchain import architecture
from devcluster.ui import Ui

_TEMPLATE = "tools/packaging/common/envoy_bootstrap.json"
BOOTSTRAP = Sources("istio", "istio.io/istio", (_TEMPLATE,))
"""From which pilot-agent makes what Envoy knows before it asks istiod."""

USER = 1337
"""As whom the proxy runs: what it sends is not redirected to it again."""

_EXTENSIONS = '"bootstrap_extensions": ['
_MODULE = (
    "AGFzbQEAAAABCQJgAABgAX8BfwMDAgABBQMBAAEHLQMGbWVtb3J5AgAXcHJveHlfYWJpX3ZlcnNpb25f"
    "MF8yXzAAAAZtYWxsb2MAAQoJAgIACwQAQQAL"
)
"""A WebAssembly module that does nothing.

Where there is one, Envoy shows the statistics that begin with `wasmcustom` without that beginning and
without its own: so `istio_requests_total` has its name.
"""


def prepare(settings: Settings, ui: Ui) -> None:
    """Put the image into containerd and the plugin into the pod network.

    Raises:
        DevclusterError: A library of Envoy's is missing or containerd refuses the image.
    """
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        archive.write(image(settings))
        archive.flush()
        ImageStore(settings, ui).load(Path(archive.name))
    redirection.install(settings)


def clear(settings: Settings) -> None:
    """Take the plugin out of the pod network; the image stays."""
    redirection.remove(settings)


def image(settings: Settings) -> bytes:
    """As Istio's own Dockerfile.proxyv2 has it, but with the libraries of this machine."""
    envoy = Path(program(settings, "envoy"))
    files = {
        "usr/local/bin/pilot-agent": Path(program(settings, "pilot-agent")).read_bytes(),
        "usr/local/bin/envoy": envoy.read_bytes(),
        "var/lib/istio/envoy/envoy_bootstrap_tmpl.json": bootstrap(settings).encode(),
    }
    files |= {str(path).lstrip("/"): path.read_bytes() for path in _libraries(envoy)}
    return files_archive(files, architecture(), IMAGE, ["/usr/local/bin/pilot-agent"], USER)


def bootstrap(settings: Settings) -> str:
    """Istio's template with one extension more.

    Raises:
        DevclusterError: The template has no place for it.
    """
    template = sources.cached(settings, BOOTSTRAP, _TEMPLATE)
    head, found, tail = template.partition(_EXTENSIONS)
    if not found:
        raise DevclusterError(f"{_TEMPLATE} has no {_EXTENSIONS}: its layout has changed.")
    return f"{head}{found}\n    {json.dumps(_nothing())},{tail}"


def _nothing() -> dict[str, Any]:
    """The extension that brings the module in, and with it the names of the statistics."""
    code = {"local": {"inline_bytes": _MODULE}}
    return {
        "name": "envoy.bootstrap.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
            "singleton": True,
            "config": {"name": STATS_PREFIX, "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": code}},
        },
    }


def _libraries(executable: Path) -> list[Path]:
    """The shared libraries that a program names, and its loader, where the program looks for them."""
    told = subprocess.run(["ldd", str(executable)], capture_output=True, text=True, check=False)
    words = [word for line in told.stdout.splitlines() for word in line.split() if word.startswith("/")]
    if not words:
        raise DevclusterError(f"`ldd {executable}` names no library: {told.stderr.strip()[:300]}")
    return [Path(word) for word in words]
