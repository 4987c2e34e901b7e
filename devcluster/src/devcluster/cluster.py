"""Brings the cluster up, repairs it, and says how it is."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from devcluster import cgroups, claim, network, overcommit, pki
from devcluster.api import Api
from devcluster.build import CLUSTER_TOOLS, Builder, link_binaries
from devcluster.cleanup import is_there, tear_down
from devcluster.components import NAMES, components, stamp
from devcluster.components.base import Component
from devcluster.config import Settings
from devcluster.credentials import Credentials, load_or_create
from devcluster.errors import DevclusterError
from devcluster.host import Host, detect
from devcluster.images import ImageStore
from devcluster.manifests import base
from devcluster.processes import ProcessTable, boot_id
from devcluster.ui import Ui
from devcluster.waiting import until_healthy

DEFAULT_BUCKET = "models"
_ALREADY_COMPACTED = "required revision has been compacted"


@dataclass(frozen=True)
class Health:
    """How one daemon is.

    Attributes:
        name: The daemon.
        pid: Its process; None if it does not run.
        problem: Why it is not healthy; None if it is.
    """

    name: str
    pid: int | None
    problem: str | None


class Cluster:
    """The one cluster of this machine."""

    def __init__(self, settings: Settings, ui: Ui) -> None:
        self._settings = settings
        self._ui = ui
        self._table = ProcessTable(settings.run_dir, settings.log_dir)

    @property
    def _stamp_file(self) -> Path:
        return self._settings.state_dir / "stamp.json"

    def exists(self) -> bool:
        """Whether a cluster was brought up and not taken down."""
        return self._stamp_file.exists() and self._settings.kubeconfig.exists()

    def build(self) -> dict[str, Path]:
        """Build what the cache lacks; the path of each program by its name."""
        return Builder(self._settings, self._ui).ensure(CLUSTER_TOOLS)

    def up(self) -> None:
        """Bring the cluster up: take over, repair or replace what is there.

        Raises:
            DevclusterError: A daemon does not become healthy, or a program cannot be built.
        """
        settings, ui = self._settings, self._ui
        claim.check(settings.state_dir)
        host = detect()
        paths = self.build()
        builds = {name: path.parent.name for name, path in paths.items()}
        wanted = stamp(self._specs(host, builds))
        if self._recorded() != (wanted, boot_id()) and is_there(settings):
            ui.say(
                f"The cluster in {settings.state_dir} is of another configuration or boot: it is replaced."
            )
            tear_down(settings, ui)
        claim.take(settings.state_dir)
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
        link_binaries(settings, paths)
        if not settings.kubeconfig.exists():
            pki.create(settings, datetime.datetime.now(datetime.UTC))
        (settings.state_dir / "store" / "objects" / DEFAULT_BUCKET).mkdir(parents=True, exist_ok=True)
        (settings.state_dir / "store" / "metadata").mkdir(exist_ok=True)
        network.up(settings)
        if not host.systemd_cgroups:
            cgroups.create()
        record = {"stamp": wanted, "boot": boot_id(), "builds": builds}
        self._stamp_file.write_text(json.dumps(record), encoding="utf-8")
        with Api(settings) as api:
            self._start_all(host, builds, api)

    def _start_all(self, host: Host, builds: dict[str, str], api: Api) -> None:
        """Start phase by phase what does not run or is not healthy."""
        everything = components(self._settings, host, load_or_create(self._settings))
        steps = {1: "Start etcd, containerd and the artifact store", 2: "Start the API server"}
        for phase in sorted({component.phase for component in everything}):
            members = [component for component in everything if component.phase == phase]
            broken = [member for member in members if not self._is_good(member, builds, api)]
            if broken:
                with self._ui.step(steps.get(phase, "Start controllers and the node")) as step:
                    for component in broken:
                        self._replace(component, builds)
                    until_healthy(broken, self._table, api, step)
            if phase == 1:
                ImageStore(self._settings, self._ui).ensure_pause(host.catatonit)
            if phase == 2:
                api.apply(base(self._settings))
        overcommit.declare(api, self._settings)

    def _is_good(self, component: Component, builds: dict[str, str], api: Api) -> bool:
        """Whether a daemon runs as it would be started now, and is healthy."""
        record = self._table.running(component.name)
        if record is None or record.spec != component.spec(_build_of(component, builds)):
            return False
        return component.check(api) is None

    def _replace(self, component: Component, builds: dict[str, str]) -> None:
        """End a daemon if it runs and start it with its configuration written anew."""
        self._table.stop(component.name, component.stop_limit)
        for path, text in component.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        spec = component.spec(_build_of(component, builds))
        self._table.start(component.name, component.argv, component.environment(), spec)

    def restart(self, name: str) -> None:
        """Stop one daemon and start it again.

        Args:
            name: Its name.

        Raises:
            DevclusterError: There is no cluster or it does not become healthy again.
        """
        self.require()
        host, builds = detect(), self._builds()
        everything = components(self._settings, host, load_or_create(self._settings))
        component = next(item for item in everything if item.name == name)
        with Api(self._settings) as api, self._ui.step(f"Restart {name}") as step:
            self._replace(component, builds)
            until_healthy([component], self._table, api, step)

    def compact(self) -> int:
        """Compact etcd's history up to now, so that watches from before get 410 Gone.

        Returns:
            The revision up to which nothing is remembered.
        """
        self.require()
        url = self._settings.etcd_url
        with Api(self._settings) as api:
            header = api.post(f"{url}/v3/kv/range", {"key": "AA==", "limit": "1"})["header"]
            revision = int(header["revision"])
            try:
                api.post(f"{url}/v3/kv/compaction", {"revision": str(revision), "physical": True})
            except DevclusterError as error:
                # Nothing was written since the last time.
                if _ALREADY_COMPACTED not in str(error):
                    raise
        return revision

    def health(self) -> list[Health]:
        """Ask every daemon how it is."""
        if not self.exists():
            return [Health(name, None, "not started") for name in NAMES]
        everything = components(self._settings, detect(), load_or_create(self._settings))
        found: list[Health] = []
        with Api(self._settings) as api:
            for component in everything:
                record = self._table.running(component.name)
                problem = component.check(api) if record else "not running"
                found.append(Health(component.name, record.identity.pid if record else None, problem))
        return found

    def require(self) -> None:
        """Refuse to go on without a cluster.

        Raises:
            DevclusterError: There is none.
        """
        if not self.exists():
            raise DevclusterError("No cluster is up: run `devcluster up` first.")

    def _specs(self, host: Host, builds: dict[str, str]) -> dict[str, str]:
        """Hash of each daemon; credentials are no part of it."""
        items = components(self._settings, host, Credentials("", ""))
        return {item.name: item.spec(_build_of(item, builds)) for item in items}

    def _state(self) -> dict[str, object]:
        try:
            data: dict[str, object] = json.loads(self._stamp_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return data

    def _recorded(self) -> tuple[object, object]:
        """Configuration and boot of the cluster that is there."""
        state = self._state()
        return state.get("stamp"), state.get("boot")

    def _builds(self) -> dict[str, str]:
        builds = self._state().get("builds")
        return {str(key): str(value) for key, value in builds.items()} if isinstance(builds, dict) else {}


def _build_of(component: Component, builds: dict[str, str]) -> str:
    """Name of the build of a daemon's program; empty for those that the system's packages bring."""
    return builds.get(Path(component.argv[0]).name, "")
