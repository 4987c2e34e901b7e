"""Access to the artifact store: made once for each cluster."""

import json
import secrets
from dataclasses import asdict, dataclass

from devcluster.config import Settings


@dataclass(frozen=True)
class Credentials:
    """Keys of the artifact store.

    Attributes:
        access_key: The key's name.
        secret_key: The key.
        region: Region that requests are signed for.
    """

    access_key: str
    secret_key: str
    region: str = "us-east-1"

    def environment(self, endpoint: str) -> dict[str, str]:
        """The variables that S3 clients read (obstore's and the AWS SDKs' names).

        Args:
            endpoint: URL of the store.

        Returns:
            The variables.
        """
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        }


def load_or_create(settings: Settings) -> Credentials:
    """Read the cluster's credentials, making them at the first call."""
    path = settings.state_dir / "store-credentials.json"
    if path.exists():
        return Credentials(**json.loads(path.read_text(encoding="utf-8")))
    fresh = Credentials(access_key=f"devcluster-{secrets.token_hex(4)}", secret_key=secrets.token_hex(20))
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(fresh)), encoding="utf-8")
    return fresh
