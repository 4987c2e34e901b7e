"""`modelyard`, also as `kubectl modelyard`."""


def main() -> None:
    """Run the command line."""
