"""`modelyard-server`: resolve a model, fetch it, serve it."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from modelyard_server import contract
from modelyard_server.settings import ENV_HOST, ENV_TERMINATION_LOG

Command = Callable[[Mapping[str, str]], int]


def _serve(environ: Mapping[str, str]) -> int:
    from modelyard_server.server import run  # noqa: PLC0415 - each command imports only what it needs

    return run(environ)


def _resolve(environ: Mapping[str, str]) -> int:
    from modelyard_server.fetch.resolve import run  # noqa: PLC0415

    return run(environ)


def _fetch(environ: Mapping[str, str]) -> int:
    from modelyard_server.fetch.download import run  # noqa: PLC0415

    return run(environ)


def _tune(environ: Mapping[str, str]) -> int:
    from modelyard_server.tuning.run import run  # noqa: PLC0415

    return run(environ)


_COMMANDS: dict[str, tuple[Command, str, str]] = {
    "serve": (
        _serve,
        "answer predictions over HTTP",
        f"""Loads the model in {contract.ENV_MODEL_DIR} (default {contract.MODEL_DIR}) and answers on port
{contract.PORT}: POST /predict, /v2/..., /health, /ready, /metrics, /docs.

  {contract.ENV_MODEL_DIR}=./my-model modelyard-server serve
  curl localhost:8080/predict -d '{{"text": ["You are awesome"]}}'

A model is a directory with an ONNX file. What it does is told from what lies beside it: Hugging Face's
layouts for texts and pictures, sentence-transformers', exports of Ultralytics, scikit-learn, XGBoost and
LightGBM; any other ONNX file takes and gives tensors. modelyard.json settles what the files leave open (its
schema: docs/modelyard.schema.json). docs/tasks has a page for each task.

Environment (all optional):
  {contract.ENV_DEPLOYMENT}, {contract.ENV_REVISION}, {contract.ENV_NAMESPACE}
      the model's name, version and namespace in answers, metrics and cache keys
  {contract.ENV_MODEL_TASK}     what the model does, e.g. object-detection; unset: told from the artifact
  {contract.ENV_MODEL_VARIANT}  which of several ONNX files, e.g. int8 for model_int8.onnx; default auto
  {contract.ENV_MODEL_PINNED}, {contract.ENV_MODEL_URI}
      a pvc:// or file:// reference is read in place
  {contract.ENV_ENGINE}         onnxruntime or openvino; unset: what tuning found, else the first there is
  {contract.ENV_THREADS}        threads of the engine; unset: the container's CPU limit
  {contract.ENV_PORT}, {ENV_HOST}
  {contract.ENV_MAX_CONNECTION_AGE}  a connection is ended after so long; 0: never
  {contract.ENV_DRAIN}       seconds between SIGTERM and the end
  {contract.ENV_RUNTIME_DIR}    the cache's settings and secrets; read again when they change
  {ENV_TERMINATION_LOG} where the last words go; default {contract.TERMINATION_MESSAGE_PATH}""",
    ),
    "resolve": (
        _resolve,
        "turn a model's URI into an immutable reference",
        f"""Reads {contract.ENV_MODEL_URI} and reports the pinned reference as one line of JSON in the
termination message ({ENV_TERMINATION_LOG}, default {contract.TERMINATION_MESSAGE_PATH}).""",
    ),
    "fetch": (
        _fetch,
        "fetch a pinned model into a directory",
        f"""Fetches {contract.ENV_MODEL_PINNED} into {contract.ENV_MODEL_DIR} and checks
{contract.ENV_MODEL_DIGEST}; reports one line of JSON in the termination message
({ENV_TERMINATION_LOG}, default {contract.TERMINATION_MESSAGE_PATH}).""",
    ),
    "tune": (
        _tune,
        "measure how the model runs best on this machine",
        f"""Runs the model in {contract.ENV_MODEL_DIR} in every form, with every engine of this image and
several numbers of threads and batch sizes, each in a process of its own. Prints a table on standard error,
and on standard output the line of JSON that belongs into modelyard.json as `tuning`, or into the ConfigMap
NAME-tuning as {contract.TUNING_FILE}; `modelyard tune` puts it there.

Environment besides that of serve (all optional):
  MODELYARD_TUNE_SAMPLES        a body of /predict (.json), one a line (.jsonl), a text a line (.txt), a
                                picture, or a folder of these; unset: the documentation's examples
  MODELYARD_TUNE_SECONDS        how long each batch size is measured at least; default 1
  MODELYARD_TUNE_LIMIT_SECONDS  nothing new is begun after so long; default 600
  MODELYARD_TUNE_MAX_FLIPS      share of items answered otherwise than at full precision; default 0.01
  MODELYARD_TUNE_MAX_SHIFT      most that a score may differ from full precision's; default 0.1""",
    ),
}


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="modelyard-server",
        description="The Modelyard model server. Everything is set through the environment; each command's "
        "--help lists it.",
    )
    parser.add_argument("--version", action="version", version=version("modelyard-server"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, summary, description) in _COMMANDS.items():
        commands.add_parser(
            name,
            help=summary,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    return parser


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = build_parser().parse_args(argv)
    command = _COMMANDS[arguments.command][0]
    return command(os.environ if environ is None else environ)


if __name__ == "__main__":
    sys.exit(main())
