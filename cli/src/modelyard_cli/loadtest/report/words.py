"""A load test in a few lines."""

from modelyard_cli.loadtest.run import Outcome


def verdict(outcome: Outcome) -> list[str]:
    """The lines that end the command."""
    record = outcome.record
    total, seconds = record.total, seconds_of(outcome)
    lines = [f"{total.requests:,} requests in {seconds:.0f} s: {total.requests / seconds:.1f} a second"]
    if total.latency is not None:
        it = total.latency
        lines.append(
            f"latency: p50 {it.med:.1f} ms, p95 {it.p95:.1f} ms, p99 {it.p99:.1f} ms, max {it.max:.0f} ms"
        )
    lines.append(f"failed: {total.failed:,} ({share(total.failed, total.requests)})")
    items, cached = record.items
    lines.append(f"from a cache: {share(cached, items)} of {items:,} predictions")
    ready = [sample.ready for sample in outcome.samples if sample.ready is not None]
    if ready:
        lines.append(f"pods: {ready[0]:.0f} at first, {max(ready):.0f} at the most, {ready[-1]:.0f} at last")
    elif outcome.trouble:
        lines.append(f"pods were not watched: {outcome.trouble}")
    for metric, sources in sorted(record.thresholds.items()):
        for source in sources:
            holds = source not in record.crossed.get(metric, ())
            lines.append(f"threshold {metric} {source}: {'holds' if holds else 'does not hold'}")
    return lines


def seconds_of(outcome: Outcome) -> float:
    """How long the load was on."""
    record = outcome.record
    began = record.began or record.points[0].at
    return max((record.ended or record.points[-1].at) - began, 0.001)


def share(part: float, whole: float) -> str:
    """As percent."""
    return f"{100 * part / whole:.2f} %" if whole else "none"
