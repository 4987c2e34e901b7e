"""versitygw: a real S3 server over a folder, for models."""

from devcluster.components.base import Component, http_check, program
from devcluster.config import Settings
from devcluster.credentials import Credentials

PORT = 7070


def artifact_store(settings: Settings, credentials: Credentials) -> Component:
    """Build the command line (https://github.com/versity/versitygw/wiki)."""
    argv = (
        program(settings, "versitygw"),
        "--port",
        f"{settings.node_ip}:{PORT}",
        "--region",
        credentials.region,
        "--health",
        "/health",
        "--quiet",
        "posix",
        # Beside the data rather than in extended attributes, which not every file system has.
        "--sidecar",
        str(settings.state_dir / "store" / "metadata"),
        str(settings.state_dir / "store" / "objects"),
    )
    private = {"ROOT_ACCESS_KEY": credentials.access_key, "ROOT_SECRET_KEY": credentials.secret_key}
    check = http_check(f"{settings.store_url}/health")
    return Component("artifact-store", argv, check, phase=1, private_env=private)
