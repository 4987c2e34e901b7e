"""What was measured gets into the pages, and nothing else does."""

import os
from pathlib import Path

from benchmarks.goal import Goal, write
from benchmarks.page import write_page

BEGAN = 1_000_000.0


def marked(name: str, table: str) -> str:
    return f"<!-- results/{name}.json -->\n{table}<!-- end -->\n"


def test_only_what_was_measured_now_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Above.\n" + marked("new", "") + marked("old", "kept\n") + marked("none", "kept too\n"))
    for name, at in (("new", BEGAN), ("old", BEGAN - 1)):
        write([Goal("speed", 3.5, "ms")], tmp_path / f"{name}.json")
        os.utime(tmp_path / f"{name}.json", (at, at))

    write_page(page, tmp_path, BEGAN)

    written = page.read_text()
    assert written.startswith("Above.\n<!-- results/new.json -->\n| what |")
    assert "| speed | 3.5 ms |" in written
    assert marked("old", "kept\n") + marked("none", "kept too\n") in written
