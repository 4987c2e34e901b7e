"""What the commands take: names of daemons and of extras."""

import click

from devcluster.components import NAMES
from devcluster.extras import EXTRA_NAMES, EXTRAS

ALIASES = {
    "apiserver": "kube-apiserver",
    "controller-manager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
    "store": "artifact-store",
}


class ComponentName(click.ParamType[str, str]):
    """A daemon's name or its short form."""

    name = "component"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name and make it whole."""
        full = ALIASES.get(value, value)
        known = (*NAMES, *EXTRA_NAMES)
        if full not in known:
            self.fail(f"{value!r} is none of {', '.join(known)}", param, ctx)
        return full


class ExtraList(click.ParamType[tuple[str, ...], tuple[str, ...]]):
    """Names of extras with commas between them."""

    name = "extra,…"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Take it apart and check each name."""
        names = value if isinstance(value, tuple) else tuple(part.strip() for part in value.split(","))
        for name in names:
            if name not in EXTRAS:
                self.fail(f"{name!r} is none of {', '.join(EXTRAS)}", param, ctx)
        return names
