"""Brings the cluster up, repairs it, and says how it is."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path

from devcluster import cgroups, claim, network, overcommit, pki
from devcluster.api import Api
from devcluster.build import CLUSTER_TOOLS, Builder, link_binaries
from devcluster.cleanup import is_there, tear_down
from devcluster.components import NAMES, components, stamp
from devcluster.config import Settings
from devcluster.credentials import Credentials, load_or_create
from devcluster.daemons import Daemons, Health, build_of
from devcluster.errors import DevclusterError
from devcluster.extras.manager import ExtraManager
from devcluster.host import Host, detect
from devcluster.images import ImageStore
from devcluster.manifests import base
from devcluster.processes import ProcessTable, boot_id
from devcluster.ui import Ui

DEFAULT_BUCKET = "models"
_ALREADY_COMPACTED = "required revision has been compacted"


class Cluster:
    """The one cluster of this machine."""

    def __init__(self, settings: Settings, ui: Ui) -> None:
        self._settings = settings
        self._ui = ui
        self._table = ProcessTable(settings.run_dir, settings.log_dir)
        self._daemons = Daemons(self._table, ui)
        self._extras = ExtraManager(settings, ui, self._daemons)

    @property
    def _stamp_file(self) -> Path:
        return self._settings.state_dir / "stamp.json"

    def exists(self) -> bool:
        """Whether a cluster was brought up and not taken down."""
        return self._stamp_file.exists() and self._settings.kubeconfig.exists()

    def build(self, extras: Sequence[str] = ()) -> dict[str, Path]:
        """Build what the cache lacks; the path of each of the cluster's programs by its name."""
        paths = Builder(self._settings, self._ui).ensure(CLUSTER_TOOLS)
        self._extras.build(extras)
        return paths

    def up(self, extras: Sequence[str] = ()) -> None:
        """Bring the cluster up: take over, repair or replace what is there.

        Args:
            extras: Names of extras that it shall have besides; those that it has stay.

        Raises:
            DevclusterError: A daemon does not become healthy, or a program cannot be built.
        """
        settings, ui = self._settings, self._ui
        claim.check(settings.state_dir)
        host = detect()
        paths = self.build(extras)
        builds = {name: path.parent.name for name, path in paths.items()}
        wanted = stamp(self._specs(host, builds))
        if self._recorded() != (wanted, boot_id()) and is_there(settings):
            lost = [name for name in self._extras.there() if name not in extras]
            without = f", without {', '.join(lost)}" if lost else ""
            ui.say(
                f"The cluster in {settings.state_dir} is of another configuration or boot: it is replaced"
                f"{without}."
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
            self._extras.up(extras, api)

    def _start_all(self, host: Host, builds: dict[str, str], api: Api) -> None:
        """Start phase by phase what does not run or is not healthy."""
        everything = components(self._settings, host, load_or_create(self._settings))
        steps = {1: "Start etcd, containerd and the artifact store", 2: "Start the API server"}
        for phase in sorted({component.phase for component in everything}):
            members = [component for component in everything if component.phase == phase]
            title = steps.get(phase, "Start controllers and the node")
            self._daemons.ensure(members, builds, api, title)
            if phase == 1:
                ImageStore(self._settings, self._ui).ensure_pause(host.catatonit)
            if phase == 2:
                api.apply(base(self._settings))
        overcommit.declare(api, self._settings)

    def restart(self, name: str) -> None:
        """Stop one daemon and start it again.

        Args:
            name: Its name.

        Raises:
            DevclusterError: There is no cluster or it does not become healthy again.
        """
        self.require()
        everything = components(self._settings, detect(), load_or_create(self._settings))
        base = {component.name: (component, self._builds()) for component in everything}
        component, builds = {**base, **self._extras.daemons()}.get(name, (None, {}))
        if component is None:
            raise DevclusterError(f"{name} is of an extra that is not up: see `devcluster up --help`.")
        with Api(self._settings) as api:
            self._daemons.restart(component, builds, api)

    def remove(self, extras: Sequence[str]) -> None:
        """Take extras down and leave the cluster up.

        Args:
            extras: Their names.

        Raises:
            DevclusterError: There is no cluster, or an extra that stays needs one of them.
        """
        self.require()
        with Api(self._settings) as api:
            self._extras.remove(extras, api)

    def remove_definitions(self, extra: str) -> None:
        """Delete an extra's CustomResourceDefinitions as a fault, and with them every object of their kinds.

        Raises:
            DevclusterError: The cluster has no such extra, or it has none.
        """
        self.require()
        with Api(self._settings) as api:
            self._extras.remove_definitions(extra, api)

    def restore_definitions(self, extra: str) -> None:
        """Put an extra's CustomResourceDefinitions back, and the objects that it has of their kinds.

        Raises:
            DevclusterError: The cluster has no such extra, or it has none.
        """
        self.require()
        with Api(self._settings) as api:
            self._extras.restore_definitions(extra, api)

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
        usual = components(self._settings, detect(), load_or_create(self._settings))
        everything = [*usual, *(component for component, _ in self._extras.daemons().values())]
        with Api(self._settings) as api:
            return [self._daemons.health(component, api) for component in everything]

    def extras(self) -> list[Health]:
        """Ask every extra that the cluster has how it is."""
        if not self.exists():
            return []
        with Api(self._settings) as api:
            return self._extras.health(api)

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
        return {item.name: item.spec(build_of(item, builds)) for item in items}

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
