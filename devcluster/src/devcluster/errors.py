"""The one exception whose text is meant for the person at the terminal."""


class DevclusterError(Exception):
    """Something a person can mend; the message says what, where, and how."""
