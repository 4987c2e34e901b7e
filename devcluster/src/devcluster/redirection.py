"""Istio's plugin of the pod network, which sends the traffic of pods with a sidecar through it.

It is chained behind the usual plugins, as Istio's own node agent does it, so that no container needs rights
over its network and namespaces can admit restricted pods only.
https://istio.io/latest/docs/setup/additional-setup/cni/
"""

from pathlib import Path

from devcluster.components.base import client_config, program
from devcluster.components.containerd import cni_config, cni_dir
from devcluster.config import Settings
from devcluster.host import CNI_DIRS, detect

PLUGIN = "modelyard-istio-cni"
"""Its name among the machine's plugins."""
PLUGIN_USER = "istio-cni"
"""The file name of the credentials with which it asks the API server."""
_KUBECONFIG = "istio-cni-kubeconfig"


def network_file(settings: Settings) -> Path:
    """The pod network's configuration with the plugin: by its name it comes before the one without."""
    return cni_dir(settings) / "05-istio.conflist"


def install(settings: Settings) -> None:
    """Put the plugin among the machine's, and the network that has it before the one that has not."""
    folder = settings.state_dir / "istio-cni"
    folder.mkdir(exist_ok=True, mode=0o700)
    _link(folder / _KUBECONFIG, Path(client_config(settings, PLUGIN_USER)))
    _link(detect().cni_dir / PLUGIN, Path(program(settings, "istio-cni")))
    plugin = {"type": PLUGIN, "cni_agent_run_dir": str(folder), "plugin_log_level": "info"}
    network_file(settings).write_text(cni_config(settings, plugin), encoding="utf-8")


def remove(settings: Settings) -> None:
    """Take both away again; what is not there is passed over."""
    network_file(settings).unlink(missing_ok=True)
    unlink(settings)


def unlink(settings: Settings) -> None:
    """Take this cluster's plugin from among the machine's."""
    for folder in CNI_DIRS:
        link = folder / PLUGIN
        if link.is_symlink() and link.readlink().is_relative_to(settings.state_dir):
            link.unlink()


def _link(link: Path, target: Path) -> None:
    if not (link.is_symlink() and link.readlink() == target):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
