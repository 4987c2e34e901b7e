"""Which state folder the machine's one cluster lies in: two would share addresses and cgroups."""

from pathlib import Path

from devcluster.config import NAME, STATE_DIR_ENV
from devcluster.errors import DevclusterError

CLAIM_FILE = Path("/run") / NAME


def check(state_dir: Path, claim_file: Path = CLAIM_FILE) -> None:
    """Refuse to work on a second cluster.

    Args:
        state_dir: The folder to work with.
        claim_file: Where the folder of the cluster is written down.

    Raises:
        DevclusterError: The machine's cluster lies in another folder.
    """
    if not claim_file.exists():
        return
    other = Path(claim_file.read_text(encoding="utf-8"))
    if other != state_dir and other.exists():
        raise DevclusterError(
            f"This machine's cluster lies in {other}, and there is room for one: set {STATE_DIR_ENV}={other} "
            f"to use it or to take it down."
        )


def take(state_dir: Path, claim_file: Path = CLAIM_FILE) -> None:
    """Write down where the cluster lies; it is forgotten at a reboot, as the processes are."""
    check(state_dir, claim_file)
    claim_file.write_text(str(state_dir), encoding="utf-8")


def release(claim_file: Path = CLAIM_FILE) -> None:
    """Forget it."""
    claim_file.unlink(missing_ok=True)
