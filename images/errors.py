"""The one error that the command line shows without a traceback."""


class ImageError(Exception):
    """What was wrong, where, and what to do about it; its text is shown to a person."""
