import json
from pathlib import Path

import pytest

from devcluster import redirection
from devcluster.components.containerd import cni_config, cni_dir
from devcluster.config import Settings
from devcluster.host import Host
from devcluster.redirection import PLUGIN, install, network_file, remove, unlink


@pytest.fixture
def plugins(settings: Settings, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plugins of this test's own."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    cni_dir(settings).mkdir(parents=True)
    changed = {name: getattr(host, name) for name in Host.__dataclass_fields__} | {"cni_dir": folder}
    monkeypatch.setattr(redirection, "detect", lambda: Host(**changed))
    monkeypatch.setattr(redirection, "CNI_DIRS", (folder,))
    return folder


def test_the_plugin_follows_the_usual_ones(settings: Settings, plugins: Path) -> None:
    install(settings)
    install(settings)
    usual, chained = (json.loads(text) for text in (cni_config(settings), network_file(settings).read_text()))
    *before, last = chained["plugins"]
    assert before == usual["plugins"]
    assert {**chained, "plugins": before} == usual, "one network: pods of before can be taken off it"
    assert last["type"] == PLUGIN
    assert (plugins / PLUGIN).readlink() == settings.bin_dir / "istio-cni"
    kubeconfig = Path(last["cni_agent_run_dir"]) / "istio-cni-kubeconfig"
    assert kubeconfig.readlink() == settings.config_dir / "istio-cni.kubeconfig"


def test_its_network_is_the_first_by_name(settings: Settings, plugins: Path) -> None:
    (cni_dir(settings) / "10-devcluster.conflist").write_text(cni_config(settings))
    install(settings)
    assert min(cni_dir(settings).iterdir()) == network_file(settings)
    remove(settings)
    remove(settings)
    assert [path.name for path in cni_dir(settings).iterdir()] == ["10-devcluster.conflist"]
    assert list(plugins.iterdir()) == []


def test_another_cluster_s_plugin_stays(settings: Settings, plugins: Path) -> None:
    (plugins / PLUGIN).symlink_to("/var/lib/another/bin/istio-cni")
    unlink(settings)
    assert (plugins / PLUGIN).is_symlink()
