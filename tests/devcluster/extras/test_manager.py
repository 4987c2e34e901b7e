import pytest

from devcluster import pki
from devcluster.api import Api
from devcluster.config import Settings
from devcluster.daemons import Daemons
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRAS
from devcluster.extras.manager import ExtraManager
from devcluster.processes import ProcessTable
from devcluster.ui import Ui
from tests.devcluster.test_pki import NOW


@pytest.fixture
def manager(settings: Settings) -> ExtraManager:
    ui = Ui()
    return ExtraManager(settings, ui, Daemons(ProcessTable(settings.run_dir, settings.log_dir), ui))


def write(settings: Settings, text: str) -> None:
    settings.state_dir.mkdir(exist_ok=True)
    (settings.state_dir / "extras.json").write_text(text)


def test_a_cluster_has_no_extras_from_the_start(manager: ExtraManager) -> None:
    assert manager.there() == []
    assert manager.daemons() == {}


def test_extras_are_remembered_in_the_order_of_starting(settings: Settings, manager: ExtraManager) -> None:
    entry = '{"builds": {"istiod": "istiod-1", "envoy": "envoy-1"}, "spec": "x"}'
    # One that only another checkout knows is passed over.
    write(settings, f'{{"gateway": {entry}, "istio": {entry}, "unheard-of": {entry}}}')
    assert manager.there() == ["istio", "gateway"]
    component, builds = manager.daemons()["envoy"]
    assert component.name == "envoy"
    assert builds["envoy"] == "envoy-1"


@pytest.mark.parametrize("extra", ["istio", "gateway"])
def test_kinds_of_an_extra_that_is_not_there_stay_as_they_are(
    settings: Settings, manager: ExtraManager, extra: str
) -> None:
    pki.create(settings, NOW)
    with Api(settings) as api:
        for act in (manager.remove_definitions, manager.restore_definitions):
            with pytest.raises(DevclusterError, match=f"`devcluster up --with {extra}`"):
                act(extra, api)


def test_asking_how_an_extra_is_builds_nothing(settings: Settings, manager: ExtraManager) -> None:
    pki.create(settings, NOW)
    entry = '{"builds": {}, "spec": ""}'
    write(settings, "{" + ", ".join(f'"{name}": {entry}' for name in EXTRAS) + "}")
    with Api(settings) as api:
        health = manager.health(api)
    assert [item.name for item in health] == list(EXTRAS)
    assert not settings.cache_dir.exists()
