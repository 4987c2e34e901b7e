"""`modelyard-server serve` in the world of the tests: `WORLD_PORT` is the web server's."""

import os
import sys

from modelyard_server.inputs.allow import AllowList
from modelyard_server.inputs.download import Bounds
from modelyard_server.inputs.pictures import Pictures
from modelyard_server.model import load_model
from modelyard_server.server import run
from modelyard_server.service import Service
from modelyard_server.settings import Settings
from tests.server.inputs.world import World


def wire(settings: Settings) -> Service:
    world = World(int(os.environ["WORLD_PORT"]))
    service = Service.create(settings, load_model)
    service.pictures = Pictures(
        AllowList(settings.image_hosts), Bounds(settings.max_body_bytes), world.resolve, world.wire
    )
    return service


if __name__ == "__main__":
    sys.exit(run(os.environ, wire))
