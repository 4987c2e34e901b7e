"""Secrets without an API server."""

import base64

from modelyard_operator.analysis.sources.credentials import Credentials
from modelyard_operator.kube.objects import Manifest


class Vault:
    """Gives Secrets by name."""

    def __init__(self, **secrets: dict[str, str]) -> None:
        self.secrets = secrets
        self.asked: list[tuple[str, str]] = []
        self.time = 0.0

    async def get_secret(self, namespace: str, name: str) -> Manifest | None:
        self.asked.append((namespace, name))
        if name not in self.secrets:
            return None
        return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in self.secrets[name].items()}}

    def credentials(self) -> Credentials:
        return Credentials(self, clock=lambda: self.time)
