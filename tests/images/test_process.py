import re
import sys
from pathlib import Path

import pytest

from images import process
from images.errors import ImageError


def test_all_output_goes_to_the_log_and_steps_to_the_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "a.log"
    code = "import sys; print('STEP 1/2: RUN x'); print('noise', file=sys.stderr)"
    process.run([sys.executable, "-c", code], label="server", log=log)
    assert "STEP 1/2: RUN x\n" in log.read_text()
    assert "noise\n" in log.read_text()
    assert re.fullmatch(r"server \[ *\d+ s\] STEP 1/2: RUN x\n", capsys.readouterr().err)


def test_a_failure_shows_the_end_of_the_output_and_where_all_of_it_is(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    code = "for i in range(100): print('line', i)\nraise SystemExit(3)"
    with pytest.raises(ImageError) as caught:
        process.run([sys.executable, "-c", code], label="server", log=log)
    message = str(caught.value)
    assert message.startswith("server: ")
    assert f"ended with 3; all of its output is in {log}" in message
    assert "line 99" in message
    assert "line 50\n" not in message


def test_a_missing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="the command no-such-tool is not installed"):
        process.run(["no-such-tool"], label="server", log=tmp_path / "a.log")
    assert not process.succeeds(["no-such-tool"])
