"""Builds the container images of the operator and of the server, and says how large they are.

`python -m images build` needs only the standard library, so that it works before any environment is set up.
"""
