"""Between requests and the engine: what waits, and what runs together."""

from modelyard_server.batching.base import Batcher, DeadlineExceededError, QueueFullError
from modelyard_server.batching.dynamic import DynamicBatcher

__all__ = ["Batcher", "DeadlineExceededError", "DynamicBatcher", "QueueFullError"]
