"""Write the generated part of the chart: `python -m charts`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from charts.written import CHART, COPIES, ROOT, files, fill

PAGE = ROOT / "docs" / "install.md"


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file, and remove copies of files that are gone."""
    parser = argparse.ArgumentParser(prog="python -m charts", description=__doc__)
    parser.add_argument("--out", type=Path, default=CHART, help="the chart's folder")
    out: Path = parser.parse_args(argv).out
    texts = files()
    for name, text in texts.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    for folder in COPIES:
        for file in (out / "files" / folder).glob("*"):
            if f"files/{folder}/{file.name}" not in texts:
                file.unlink()
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
