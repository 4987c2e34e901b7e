"""`modelyard quantize`: smaller and faster forms of a model, each judged."""

from importlib.util import find_spec
from pathlib import Path

import click

from modelyard_cli.errors import CliError
from modelyard_cli.options import examples, judging_options

_DEFAULT = "int8, w8, w4, openvino-int8"


_HELP = """Make smaller and faster forms of the float32 ONNX model in the folder PATH.

Each form answers the samples alone, in batches of 32 and in shuffled ones, and is compared with the
float32 model. One that answers more of them otherwise than --max-flips, moves a score by more than
--max-shift, or gives answers that depend on the batch, is refused and leaves no file. The others are
listed under `files` in modelyard.json; float32 stays the default until `modelyard tune` finds a better
one, or spec.model.variant names it.

\b
int8           weights and activations in 8 bits, with fixed scales (QDQ)
w8, w4         weights of matrices in 8 or 4 bits, in blocks (MatMulNBits)
openvino-int8  OpenVINO's own 8 bits; runs in the image's variant with OpenVINO
dynamic        8 bits with scales told from each batch: kept only when named, with its flips shown

Needs the extra: pip install 'modelyard-cli[quantize]'.
"""


@click.command(help=_HELP, epilog=examples("modelyard quantize ./my-model --samples reviews.txt"))
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--form",
    "names",
    multiple=True,
    help=f"A form to make; may be given again. Without it: {_DEFAULT}. `dynamic` is made only when named.",
)
@click.option(
    "--samples",
    type=click.Path(exists=True, path_type=Path),
    help="Items to calibrate on and to judge by: as many kinds as the model will meet, a few hundred. The "
    "formats are those of `modelyard tune`.",
)
@judging_options
@click.option("--seconds", default=0.5, show_default=True, help="How long each batch size is measured.")
@click.option("--limit", default=600.0, show_default=True, help="Seconds that one form may take to measure.")
def quantize(
    path: Path,
    *,
    names: tuple[str, ...],
    samples: Path | None,
    max_flips: float,
    max_shift: float,
    seconds: float,
    limit: float,
) -> None:
    """Make, judge and keep forms."""
    # Looked for, not imported: NNCF's import sends usage data unless OpenVINO's was kept from it first.
    missing = [name for name in ("onnx", "onnx_ir", "nncf", "openvino") if find_spec(name) is None]
    if missing:
        raise CliError(f"{', '.join(missing)} is not installed: pip install 'modelyard-cli[quantize]'")
    from modelyard_cli.forms import FORMS  # noqa: PLC0415 - what it needs takes seconds to import
    from modelyard_cli.quantizing import Quantizing  # noqa: PLC0415
    from modelyard_server.tuning.plan import Bounds  # noqa: PLC0415
    from modelyard_server.tuning.show import show  # noqa: PLC0415

    unknown = sorted(set(names) - set(FORMS))
    if unknown:
        raise click.BadParameter(
            f"there is no form {unknown[0]!r}; there is {', '.join(FORMS)}", param_hint="--form"
        )
    if samples is None:
        _say("no --samples: the documentation's few examples say little about your items")
    job = Quantizing(
        directory=path.resolve(),
        kinds=names or [name for name, kind in FORMS.items() if kind.by_default],
        named=bool(names),
        samples=None if samples is None else samples.resolve(),
        bounds=Bounds(max_flips, max_shift),
        seconds=seconds,
        limit=limit,
        say=_say,
    )
    table = job.run()
    sizes = "\n".join(f"  {row.engine} {row.precision}: {row.size / 1e6:.1f} MB" for row in table.rows)
    click.echo(f"{show(table)}\n{sizes}")


def _say(line: str) -> None:
    click.echo(line, err=True)
