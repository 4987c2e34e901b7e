import subprocess
import sys
from pathlib import Path

from devcluster.lock import exclusive

HOLD = """
import sys
from pathlib import Path
from devcluster.lock import exclusive
with exclusive(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_second_waits_and_says_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == "held\n"
        said: list[str] = []

        def waiting(text: str) -> None:
            said.append(text)
            assert holder.stdin
            holder.stdin.close()

        with exclusive(path, waiting):
            assert path.read_text() != str(holder.pid)
        assert len(said) == 1 and str(holder.pid) in said[0]


def test_an_old_lock_file_of_a_dead_process_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("999999999")
    said: list[str] = []
    with exclusive(path, said.append):
        pass
    assert said == []
