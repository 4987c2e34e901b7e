"""Starts daemons, leaves those alone that are as they should be, and says how each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster.api import Api
from devcluster.components.base import Component
from devcluster.processes import ProcessTable
from devcluster.ui import Ui
from devcluster.waiting import until_healthy


@dataclass(frozen=True)
class Health:
    """How one daemon or extra is.

    Attributes:
        name: The daemon.
        pid: Its process; None if it does not run.
        problem: Why it is not healthy; None if it is.
    """

    name: str
    pid: int | None
    problem: str | None


class Daemons:
    """The processes of the cluster.

    Args:
        table: Remembers them.
        ui: Shows the steps.
    """

    def __init__(self, table: ProcessTable, ui: Ui) -> None:
        self._table = table
        self._ui = ui

    def ensure(
        self, components: Sequence[Component], builds: Mapping[str, str], api: Api, title: str
    ) -> bool:
        """Start what does not run, runs otherwise than it would be started now, or is not healthy.

        Args:
            components: Daemons that may start together.
            builds: Name of the build of each program.
            api: Asks them how they are.
            title: What to show while something is started.

        Returns:
            Whether anything had to be started.

        Raises:
            DevclusterError: One does not become healthy.
        """
        broken = [component for component in components if not self.is_good(component, builds, api)]
        if broken:
            with self._ui.step(title) as step:
                for component in broken:
                    self.replace(component, builds)
                until_healthy(broken, self._table, api, step)
        return bool(broken)

    def is_good(self, component: Component, builds: Mapping[str, str], api: Api) -> bool:
        """Whether a daemon runs as it would be started now, and is healthy."""
        record = self._table.running(component.name)
        if record is None or record.spec != component.spec(build_of(component, builds)):
            return False
        return component.check(api) is None

    def replace(self, component: Component, builds: Mapping[str, str]) -> None:
        """End a daemon if it runs and start it with its configuration written anew."""
        self._table.stop(component.name, component.stop_limit)
        for path, text in component.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        spec = component.spec(build_of(component, builds))
        self._table.start(component.name, component.command(), component.environment(), spec)

    def restart(self, component: Component, builds: Mapping[str, str], api: Api) -> None:
        """Stop one daemon and start it again.

        Raises:
            DevclusterError: It does not become healthy again.
        """
        with self._ui.step(f"Restart {component.name}") as step:
            self.replace(component, builds)
            until_healthy([component], self._table, api, step)

    def remove(self, component: Component) -> None:
        """End a daemon and take its configuration away."""
        self._table.stop(component.name, component.stop_limit)
        for path in component.files:
            path.unlink(missing_ok=True)

    def health(self, component: Component, api: Api) -> Health:
        """Ask a daemon how it is."""
        record = self._table.running(component.name)
        problem = component.check(api) if record else "not running"
        return Health(component.name, record.identity.pid if record else None, problem)


def build_of(component: Component, builds: Mapping[str, str]) -> str:
    """Name of the build of a daemon's program; empty for those that the system's packages bring."""
    return builds.get(Path(component.argv[0]).name, "")
