"""Between requests and the engine: what waits, and what runs together."""

from modelyard_server.batching.base import Batcher, QueueFullError
from modelyard_server.batching.serial import SerialBatcher

__all__ = ["Batcher", "QueueFullError", "SerialBatcher"]
