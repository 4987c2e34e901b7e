"""Builds the cluster's programs from `tools/*/go.mod` and keeps them by version."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.lock import exclusive
from devcluster.toolchain import Go, architecture, building, building_version, choose
from devcluster.trimming import Trim, prepare
from devcluster.ui import Step, Ui

TOOLS_DIR = Path(__file__).parents[2] / "tools"
_OURS = "modelyard.dev/devcluster/tools/"
"""Begins the import paths of commands that are written there: upstream's with fewer parts."""

KUBERNETES_VERSION = "v1.34.4"
_K8S_LDFLAGS = " ".join(
    f"-X k8s.io/component-base/version.{key}={value}"
    for key, value in (("gitVersion", KUBERNETES_VERSION), ("gitMajor", "1"), ("gitMinor", "34"))
)


@dataclass(frozen=True)
class Tool:
    """One program.

    Attributes:
        name: File name of the program.
        module: Folder under `tools/` whose go.mod pins it.
        package: Import path of its main package.
        ldflags: Linker flags besides `-s -w`.
        tags: Build tags, with commas between them.
        trim: What is left of its plug-ins; None: all.
    """

    name: str
    module: str
    package: str
    ldflags: str = ""
    tags: str = ""
    trim: Trim | None = None

    @property
    def flags(self) -> tuple[str, str, str, Trim | None]:
        """What one `go build` has in common."""
        return (self.module, self.ldflags, self.tags, self.trim)


def _kubernetes(name: str) -> Tool:
    return Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _K8S_LDFLAGS)


CLUSTER_TOOLS = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    Tool("etcd", "kubernetes", "go.etcd.io/etcd/server/v3"),
    Tool("coredns", "clients", f"{_OURS}clients/coredns"),
    Tool("metrics-server", "clients", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
    Tool("versitygw", "kubernetes", "github.com/versity/versitygw/cmd/versitygw"),
)
"""What `up` needs."""

ISTIOD = Tool("istiod", "istio", "istio.io/istio/pilot/cmd/pilot-discovery")
"""What `up --with istio` needs besides."""

SIDECAR_TOOLS = (
    Tool("pilot-agent", "istio", "istio.io/istio/pilot/cmd/pilot-agent"),
    Tool("istio-cni", "istio", "istio.io/istio/cni/cmd/istio-cni"),
)
"""What `up --with sidecars` needs besides."""

PROMETHEUS = Tool(
    "prometheus",
    "kubernetes",
    "github.com/prometheus/prometheus/cmd/prometheus",
    tags="remove_all_sd,enable_kubernetes_sd",
)
"""What `up --with prometheus` needs besides. Debian's is built without the discovery of pods."""

_KEDA = "github.com/kedacore/keda/v2"
_SCALERS = Trim(
    _KEDA,
    folder="pkg/scalers",
    files=(
        "scaler.go",
        "cpu_memory_scaler.go",
        "prometheus_scaler.go",
        "external_scaler.go",
        # It has a constant of theirs.
        "azure_queue_scaler.go",
    ),
    switch="pkg/scaling/scalers_builder.go",
    cases=("cpu", "memory", "prometheus", "external", "external-push"),
)
KEDA_TOOLS = tuple(
    Tool(
        f"keda-{command}",
        "keda",
        f"{_KEDA}/cmd/{command}",
        f"-X {_KEDA}/version.Version=v2.21.0",
        trim=_SCALERS,
    )
    for command in ("operator", "adapter")
)
"""What `up --with keda` needs besides. Half of KEDA's packages are for triggers of clouds and databases."""

_HTTP_ADD_ON = "github.com/kedacore/http-add-on"
HTTP_ADD_ON_TOOLS = tuple(
    Tool(f"http-add-on-{command}", "http-add-on", f"{_HTTP_ADD_ON}/{command}")
    for command in ("interceptor", "operator", "scaler")
)
"""What `up --with http-add-on` needs besides. It has Kubernetes' libraries of another version than KEDA."""

HELM_TOOLS = (
    Tool("helm", "clients", "helm.sh/helm/v4/cmd/helm", "-X helm.sh/helm/v4/internal/version.version=v4.3.1"),
    Tool("kubeconform", "clients", "github.com/yannh/kubeconform/cmd/kubeconform"),
)
"""What installs and checks the chart."""

KUBE_SCORE = Tool("kube-score", "kube-score", "github.com/zegl/kube-score/cmd/kube-score")
"""What judges manifests. It needs Kubernetes' libraries as they were at 1.32, and shares none with others."""

EXTRA_TOOLS = (
    _kubernetes("kubectl"),
    Tool("k6", "kubernetes", "go.k6.io/k6"),
    Tool("kwok", "clients", "sigs.k8s.io/kwok/cmd/kwok"),
    ISTIOD,
    *SIDECAR_TOOLS,
    PROMETHEUS,
    *KEDA_TOOLS,
    *HTTP_ADD_ON_TOOLS,
    *HELM_TOOLS,
    KUBE_SCORE,
    Tool("fake-gcs-server", "kubernetes", "github.com/fsouza/fake-gcs-server"),
)
"""Built only when somebody asks for them, by `devcluster tool NAME` or as an extra of the cluster."""

TOOLS = {tool.name: tool for tool in (*CLUSTER_TOOLS, *EXTRA_TOOLS)}


def cache_key(tool: Tool, go_version: str, tools_dir: Path = TOOLS_DIR) -> str:
    """Name of the folder that holds one build of a program.

    Args:
        tool: The program.
        go_version: As in `go1.26.8`.
        tools_dir: Where the modules lie.

    Returns:
        The program's name and 16 hex digits over all that decides its bytes.
    """
    digest = hashlib.sha256()
    # Left out where there are none: the names of builds from before there were tags stay as they are.
    tags = (tool.tags,) if tool.tags else ()
    trim = (repr(tool.trim),) if tool.trim else ()
    for part in (tool.package, tool.ldflags, go_version, architecture(), *tags, *trim):
        digest.update(part.encode() + b"\0")
    sources = [tools_dir / tool.module / file for file in ("go.mod", "go.sum")]
    if tool.package.startswith(_OURS):
        sources += sorted((tools_dir / tool.package.removeprefix(_OURS)).glob("*.go"))
    for source in sources:
        digest.update(source.read_bytes() + b"\0")
    return f"{tool.name}-{digest.hexdigest()[:16]}"


class Builder:
    """Gives paths of programs, building those that the cache lacks."""

    def __init__(self, settings: Settings, ui: Ui) -> None:
        self._bin = settings.cache_dir / "bin"
        self._ui = ui

    def ensure(self, tools: Iterable[Tool]) -> dict[str, Path]:
        """Build what is missing.

        Args:
            tools: The programs wanted.

        Returns:
            The path of each program by its name.

        Raises:
            DevclusterError: Go is missing or a build failed.
        """
        wanted = list(tools)
        installed = choose()
        version = building_version(installed)
        paths = {tool.name: self._bin / cache_key(tool, version) / tool.name for tool in wanted}
        if all(path.exists() for path in paths.values()):
            return paths
        with exclusive(self._bin.parent / "build.lock", self._ui.say):
            go = building(installed, self._ui)
            missing = [tool for tool in wanted if not paths[tool.name].exists()]
            # Commands of one module share most of their packages: Go's own cache has these compile once.
            for flags in dict.fromkeys(tool.flags for tool in missing):
                self._build(go, [tool for tool in missing if tool.flags == flags], paths)
        return paths

    def _build(self, go: Go, tools: list[Tool], paths: dict[str, Path]) -> None:
        """Build commands with equal flags into a scratch folder and move them in place when whole."""
        names = " ".join(tool.name for tool in tools)
        self._bin.mkdir(parents=True, exist_ok=True)
        with (
            self._ui.step(f"Build {names}") as step,
            tempfile.TemporaryDirectory(prefix=".building-", dir=self._bin) as scratch,
        ):
            module, output = TOOLS_DIR / tools[0].module, Path(scratch) / "bin"
            output.mkdir()
            command = ["nice", str(go.path), "build", "-ldflags", f"-s -w {tools[0].ldflags}".strip()]
            if tools[0].tags:
                command += ["-tags", tools[0].tags]
            if tools[0].trim:
                step.detail = "trimming"
                command.append(f"-modfile={prepare(tools[0].trim, go, module, Path(scratch))}")
            command += ["-o", f"{output}/", *(tool.package for tool in tools)]
            self._compile(go, command, module, output, step)
            for tool in tools:
                built = output / _output_name(tool)
                target = paths[tool.name]
                staged = Path(tempfile.mkdtemp(prefix=".staged-", dir=self._bin))
                staged.chmod(0o755)
                shutil.move(built, staged / tool.name)
                if target.parent.exists():
                    shutil.rmtree(target.parent)
                staged.rename(target.parent)
            step.detail = ""

    def _compile(self, go: Go, command: list[str], module: Path, scratch: Path, step: Step) -> None:
        """Run `go build`, showing which programs are linked already."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            process = subprocess.Popen(
                command, cwd=module, env=go.environment(), stdout=output, stderr=subprocess.STDOUT
            )
            try:
                while True:
                    try:
                        process.wait(timeout=1.0)
                        break
                    except subprocess.TimeoutExpired:
                        linked = sorted(path.name for path in scratch.iterdir())
                        step.detail = f"linked {', '.join(linked)}" if linked else "compiling"
            except BaseException:
                process.terminate()
                process.wait()
                raise
            if process.returncode:
                output.seek(0)
                tail = "\n".join(output.read().splitlines()[-15:])
                raise DevclusterError(f"`{' '.join(command)}` in {module} failed:\n{tail}")


def _output_name(tool: Tool) -> str:
    """File name that `go build` gives: the last path element, without a major version."""
    parts = tool.package.split("/")
    last = parts[-1]
    return parts[-2] if last.startswith("v") and last[1:].isdigit() else last


def link_binaries(settings: Settings, paths: dict[str, Path]) -> None:
    """Point the state folder's `bin/` at the cached programs.

    Args:
        settings: Names the folder.
        paths: The programs by name.
    """
    settings.bin_dir.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        link = settings.bin_dir / name
        if not (link.is_symlink() and link.readlink() == path):
            fresh = settings.bin_dir / f".{name}.new"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(path)
            fresh.replace(link)
