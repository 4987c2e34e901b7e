"""A table of measurements for a person."""

from collections.abc import Sequence

from modelyard_server.artifact.tuning_section import Row, Table
from modelyard_server.engines.choice import best_row


def show(table: Table) -> str:
    """Render a table as text, the row that a server starts from marked with `*`."""
    best = best_row(table.rows)
    sizes = sorted({size for row in table.rows for size in row.items_per_second})
    head = [
        "",
        "engine",
        "precision",
        "threads",
        "load s",
        "ms for 1",
        *(f"{size}: items/s" for size in sizes),
    ]
    head += ["RSS MB", "flips: batch", "flips: ref", "shift: ref"]
    lines = [head, *(_cells(row, sizes, chosen=row is best) for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [
        "  ".join(cell.rjust(width) if column > 2 else cell.ljust(width) for column, (cell, width) in cells)
        for cells in (list(enumerate(zip(line, widths, strict=True))) for line in lines)
    ]
    notes = [
        f"  {row.engine} {row.precision}: not chosen: {row.refused}" for row in table.rows if row.refused
    ]
    return "\n".join([*text, *dict.fromkeys(notes)])


def _cells(row: Row, sizes: Sequence[int], *, chosen: bool) -> list[str]:
    rates = [
        f"{row.items_per_second[size]:.0f}" + ("*" if chosen and size == row.max_batch else "")
        if size in row.items_per_second
        else "-"
        for size in sizes
    ]
    return [
        "*" if chosen else ("x" if row.refused else ""),
        row.engine,
        row.precision,
        str(row.threads),
        f"{row.load_seconds:.2f}",
        f"{row.latency_ms:.2f}",
        *rates,
        f"{row.rss_mb:.0f}",
        f"{row.batch_flips:.1%}",
        "-" if row.flips is None else f"{row.flips:.1%}",
        "-" if row.shift is None else f"{row.shift:.3f}",
    ]
