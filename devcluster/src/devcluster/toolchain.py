"""The Go that builds the cluster's programs: the machine's own, or one fetched by it."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import DevclusterError
from devcluster.ui import Ui

MINIMUM = (1, 26, 4)
"""Highest `go` directive among the modules under `tools/` (a unit test holds it to them)."""
FETCHED = "go1.26.8"
"""Toolchain that is fetched through the module proxy where the machine's Go is older."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_FALLBACK_DIRS = ("/usr/local/go/bin", "/usr/lib/go/bin")


@dataclass(frozen=True)
class Go:
    """One Go command.

    Attributes:
        path: The `go` program.
        version: Its version, as in `go1.26.8`.
    """

    path: Path
    version: str

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Environment for builds: static, reproducible, and with this very toolchain.

        Args:
            base: The caller's environment; its GOPROXY, GOSUMDB and caches are kept.

        Returns:
            The environment of the `go` process.
        """
        env = dict(base)
        env.update(
            CGO_ENABLED="0",
            GOFLAGS="-mod=readonly -buildvcs=false -trimpath",
            GOTOOLCHAIN="local",
            GOOS="linux",
            GOARCH=architecture(),
            GOWORK="off",
        )
        return env


def architecture() -> str:
    """Go's name of this machine's processor.

    Raises:
        DevclusterError: The processor is neither x86-64 nor 64-bit ARM.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise DevclusterError(f"The embedded cluster runs on x86_64 and aarch64; this machine is {machine}.")
    return _ARCHITECTURES[machine]


def parse_version(text: str) -> tuple[int, ...] | None:
    """Read `go1.26.8` (or `go1.26rc1`) as numbers; None if it is no Go version."""
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else None


def installed() -> Go | None:
    """The newest Go on PATH or in the usual places; None if there is none."""
    places = [shutil.which("go"), *(f"{folder}/go" for folder in _FALLBACK_DIRS)]
    places += [str(path) for path in Path("/usr/lib").glob("go-*/bin/go")]
    found: list[tuple[tuple[int, ...], Go]] = []
    for place in places:
        if place and os.access(place, os.X_OK):
            # GOTOOLCHAIN=local and a folder without go.mod: the version of this very program.
            env = {**os.environ, "GOTOOLCHAIN": "local"}
            result = subprocess.run(
                [place, "env", "GOVERSION"], capture_output=True, text=True, env=env, cwd="/", check=False
            )
            version = parse_version(result.stdout)
            if version:
                found.append((version, Go(Path(place), result.stdout.strip())))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def choose() -> Go:
    """Find the Go of this machine.

    Raises:
        DevclusterError: There is none.
    """
    go = installed()
    if go is None:
        wanted = ".".join(str(part) for part in MINIMUM)
        raise DevclusterError(
            f"Go is missing, which builds the cluster's programs: `apt-get install golang` (any version; "
            f"{FETCHED} is then fetched by it), or install Go >= {wanted}."
        )
    return go


def is_new_enough(go: Go) -> bool:
    """Whether a Go can build every module."""
    return (parse_version(go.version) or ()) >= MINIMUM


def building_version(go: Go) -> str:
    """Version of the Go that builds on a machine that has this one."""
    return go.version if is_new_enough(go) else FETCHED


def building(go: Go, ui: Ui) -> Go:
    """The Go that builds on a machine that has this one, fetched through the module proxy if need be.

    Args:
        go: See `choose`.
        ui: Shows the download.

    Returns:
        The toolchain to build with.

    Raises:
        DevclusterError: The newer one cannot be fetched.
    """
    if is_new_enough(go):
        return go
    with ui.step(f"Fetch the toolchain {FETCHED} with {go.version}"):
        return _fetch(go)


def _fetch(go: Go) -> Go:
    """Download the toolchain module (https://go.dev/doc/toolchain#select) by way of an older Go."""
    module = f"golang.org/toolchain@v0.0.1-{FETCHED}.linux-{architecture()}"
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    command = [str(go.path), "mod", "download", "-json", module]
    result = subprocess.run(command, capture_output=True, text=True, env=env, cwd="/", check=False)
    try:
        folder = Path(json.loads(result.stdout)["Dir"])
    except (ValueError, KeyError):
        reason = (result.stderr or result.stdout).strip()[-500:]
        raise DevclusterError(f"{go.version} could not fetch {module}: {reason}") from None
    # Modules are unpacked without execute bits.
    for program in (*folder.glob("bin/*"), *folder.glob("pkg/tool/*/*")):
        program.chmod(0o755)
    return Go(folder / "bin" / "go", FETCHED)
