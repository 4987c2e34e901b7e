"""A Redis for those who serve."""

from tests.server.conftest import redis_server

__all__ = ["redis_server"]
