"""Answers that need no second thought: what is kept, where, and under which key."""

from modelyard_server.cache.base import Cache

__all__ = ["Cache"]
