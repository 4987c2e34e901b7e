"""What a person can mend is shown as one message instead of a traceback."""

import click


class CliError(click.ClickException):
    """Something is not as it must be; the message says what, where, and what to do."""


class ForbiddenError(CliError):
    """The API server knows who asks, and lets them not."""
