"""Adds extras to a cluster that is up, keeps them, and takes them down again."""

import datetime
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devcluster import crds, pki, pods, sources, wheels
from devcluster.api import Api, Manifest, object_path
from devcluster.build import Builder, link_binaries
from devcluster.components.base import Component
from devcluster.config import Settings
from devcluster.daemons import Daemons, Health, build_of
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRAS, removable, with_needs
from devcluster.extras.base import Extra
from devcluster.images import ImageStore
from devcluster.ui import Ui
from devcluster.waiting import until

DEFINITIONS_LIMIT = 60.0
"""Seconds until new kinds are served, or deleted ones and their objects are gone."""
WORKS_LIMIT = 60.0
"""Seconds until an extra works whose daemons are healthy."""


class ExtraManager:
    """The extras of the one cluster of this machine.

    Args:
        settings: Folders and addresses.
        ui: Shows the steps.
        daemons: Starts and ends processes.
    """

    def __init__(self, settings: Settings, ui: Ui, daemons: Daemons) -> None:
        self._settings = settings
        self._ui = ui
        self._daemons = daemons

    @property
    def _file(self) -> Path:
        return self._settings.state_dir / "extras.json"

    def there(self) -> list[str]:
        """Names of the extras that the cluster has, in the order of starting."""
        return [name for name in EXTRAS if name in self._records()]

    def build(self, names: Iterable[str]) -> None:
        """Build and fetch what the cache lacks for the named extras and their needs.

        Raises:
            DevclusterError: Something cannot be built or fetched.
        """
        for extra in with_needs(names):
            self._programs(extra)
            self._definitions(extra)
            self._manifests(extra)

    def up(self, names: Iterable[str], api: Api) -> None:
        """Add the named extras and their needs, and repair those that the cluster has.

        Raises:
            DevclusterError: One does not come to work.
        """
        for extra in with_needs([*self.there(), *names]):
            self._ensure(extra, api)

    def remove(self, names: Sequence[str], api: Api) -> None:
        """Take extras down, with all that they made; what is not there is passed over.

        Raises:
            DevclusterError: An extra that stays needs one of them.
        """
        records = self._records()
        for extra in removable(names, records):
            if extra.name not in records:
                self._ui.say(f"  {extra.name} is not there.")
                continue
            with self._ui.step(f"Remove {extra.name}"):
                self._remove(extra, api)
            del records[extra.name]
            self._write(records)

    def remove_definitions(self, name: str, api: Api) -> None:
        """Delete the definitions of an extra, but for the lasting ones, while its daemons run.

        Raises:
            DevclusterError: The cluster has no such extra.
        """
        extra = self._existing(name)
        with self._ui.step(f"Delete the definitions of {name}"):
            self._delete_definitions(extra, api, extra.lasting)

    def restore_definitions(self, name: str, api: Api) -> None:
        """Put the definitions of an extra back, and its own objects of those kinds.

        Raises:
            DevclusterError: The cluster has no such extra, or it does not come to work.
        """
        extra = self._existing(name)
        with self._ui.step(f"Put back the definitions of {name}"):
            self._define(extra, api)
            self._finish(extra, api, self._builds(extra))

    def daemons(self) -> dict[str, tuple[Component, dict[str, str]]]:
        """The daemons of the extras that the cluster has, each with the builds of its extra's programs."""
        return {
            component.name: (component, record["builds"])
            for name, record in self._records().items()
            for component in EXTRAS[name].components(self._settings)
        }

    def health(self, api: Api) -> list[Health]:
        """Ask the extras that the cluster has whether they do their work."""
        return [Health(name, None, self._problem(EXTRAS[name], api)) for name in self.there()]

    def _ensure(self, extra: Extra, api: Api) -> None:
        """Bring one extra up, or leave it alone if it is as it should be."""
        settings, programs = self._settings, self._programs(extra)
        self._manifests(extra)
        builds = {name: path.parent.name for name, path in programs.items()}
        components = extra.components(settings)
        spec = self._spec(extra, builds)
        records = self._records()
        unchanged = records.get(extra.name, {}).get("spec") == spec
        running = all(self._daemons.is_good(item, builds, api) for item in components)
        if unchanged and running and self._problem(extra, api) is None:
            return
        # Half-made it is there too, so that it can be repaired or removed.
        records[extra.name] = {"builds": builds, "spec": ""}
        self._write(records)
        link_binaries(settings, programs)
        with self._ui.step(f"Prepare {extra.name}"):
            for identity in filter(None, (extra.user, *extra.peers)):
                pki.ensure(settings, identity, datetime.datetime.now(datetime.UTC))
            self._define(extra, api)
            api.apply(extra.before(settings))
        extra.prepare(settings, self._ui)
        for phase in sorted({component.phase for component in components}):
            members = [component for component in components if component.phase == phase]
            names = ", ".join(component.name for component in members)
            self._daemons.ensure(members, builds, api, f"Start {names}")
        if extra.pods:
            with self._ui.step(f"Load the images of {extra.name}"):
                pods.load(ImageStore(settings, self._ui), extra.pods, programs)
        with self._ui.step(f"Finish {extra.name}"):
            self._finish(extra, api, builds)
        records[extra.name] = {"builds": builds, "spec": spec}
        self._write(records)

    def _finish(self, extra: Extra, api: Api, builds: Mapping[str, str]) -> None:
        """Make the objects that need the daemons, and wait until the extra does its work."""
        made = self._in_pods(extra, builds)
        api.apply([*extra.after(self._settings), *made])

        def problem() -> str | None:
            return pods.problem(api, made) or extra.check(api)

        until(problem, WORKS_LIMIT, f"{extra.name} does not work")

    def _remove(self, extra: Extra, api: Api) -> None:
        """Take one extra down: first what would refuse every write once its daemons are gone."""
        settings = self._settings
        made = [*extra.after(settings), *self._in_pods(extra, self._builds(extra))]
        gone = [object_path(manifest) for manifest in reversed(made)]
        for path in gone:
            api.delete(path)
        until(lambda: _still_there(gone, api), DEFINITIONS_LIMIT, f"{extra.name} is not gone")
        if extra.is_finalizer:
            self._delete_definitions(extra, api)
        for component in reversed(extra.components(settings)):
            self._daemons.remove(component)
        self._delete_definitions(extra, api)
        before = [object_path(manifest) for manifest in reversed(extra.before(settings))]
        for path in (*extra.leftovers(api), *before):
            api.delete(path)
        until(lambda: _still_there(before, api), DEFINITIONS_LIMIT, f"{extra.name} is not gone")
        extra.clear(settings)
        for folder in extra.folders(settings):
            shutil.rmtree(folder, ignore_errors=True)

    def _define(self, extra: Extra, api: Api) -> None:
        """Apply an extra's definitions and wait until their kinds are served."""
        definitions = self._definitions(extra)
        api.apply(definitions)
        until(lambda: _named("not served", crds.missing(api, definitions)), DEFINITIONS_LIMIT, "Definitions")

    def _delete_definitions(self, extra: Extra, api: Api, lasting: Sequence[str] = ()) -> None:
        """Delete an extra's definitions and wait until they and all objects of their kinds are gone."""
        names = [item["metadata"]["name"] for item in self._definitions(extra)]
        paths = [crds.path(name) for name in names if name not in lasting]
        for path in paths:
            api.delete(path)
        until(lambda: _still_there(paths, api), DEFINITIONS_LIMIT, "Definitions are not gone")

    def _problem(self, extra: Extra, api: Api) -> str | None:
        """Why an extra does not do its work; None if it does."""
        # From the cache alone: to ask how something is must not build anything.
        wanted = crds.cached(self._settings, extra.crds) if extra.crds else []
        made = self._in_pods(extra, self._builds(extra))
        unserved = _named("kinds that are not served:", crds.missing(api, wanted))
        return unserved or pods.problem(api, made) or extra.check(api)

    def _existing(self, name: str) -> Extra:
        if name not in self._records():
            raise DevclusterError(f"The cluster has no {name}: run `devcluster up --with {name}` first.")
        return EXTRAS[name]

    def _programs(self, extra: Extra) -> dict[str, Path]:
        """Path of each program of an extra, built or fetched, as its files are, unless the cache has them."""
        for source in extra.sources:
            sources.ensure(self._settings, self._ui, source)
        programs = dict(Builder(self._settings, self._ui).ensure(extra.tools)) if extra.tools else {}
        for wheel in extra.wheels:
            programs[wheel.name] = wheels.ensure(self._settings, self._ui, wheel)
        return programs

    def _definitions(self, extra: Extra) -> list[dict[str, Any]]:
        """The definitions that an extra brings, fetched unless the cache has them."""
        return crds.ensure(self._settings, self._ui, extra.crds) if extra.crds else []

    def _manifests(self, extra: Extra) -> None:
        """Fetch the manifests of an extra's pods unless the cache has them."""
        if extra.pods:
            pods.ensure(self._settings, self._ui, extra.pods)

    def _in_pods(self, extra: Extra, builds: Mapping[str, str]) -> list[Manifest]:
        """The manifests of an extra's pods, of which there are none before it is built."""
        return pods.manifests(self._settings, extra.pods, builds) if extra.pods and builds else []

    def _builds(self, extra: Extra) -> dict[str, str]:
        """Name of the build of each program that the cluster has of an extra."""
        builds: dict[str, str] = self._records().get(extra.name, {}).get("builds", {})
        return builds

    def _spec(self, extra: Extra, builds: Mapping[str, str]) -> str:
        """Hash of all that decides what an extra is."""
        parts = [
            [item.spec(build_of(item, builds)) for item in extra.components(self._settings)],
            [*extra.before(self._settings), *extra.after(self._settings)],
            crds.cache_key(extra.crds) if extra.crds else "",
        ]
        if extra.pods:
            parts.append(self._in_pods(extra, builds))
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def _records(self) -> dict[str, dict[str, Any]]:
        """What is known of each extra that the cluster has."""
        try:
            data: dict[str, dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return {name: record for name, record in data.items() if name in EXTRAS}

    def _write(self, records: Mapping[str, dict[str, Any]]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(records, indent=2), encoding="utf-8")
        fresh.replace(self._file)


def _named(what: str, names: Sequence[str]) -> str | None:
    """A few names with what is said of them; None if there are none."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what} {', '.join(names[:3])}{more}" if names else None


def _still_there(paths: Sequence[str], api: Api) -> str | None:
    """Tells of an object that is not gone yet; None if all are."""
    return next((f"{path} is there" for path in paths if api.get(path) is not None), None)
