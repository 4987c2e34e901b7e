"""An external Redis whose user may do no more than the cache needs is enough for comparisons, too."""

from pathlib import Path

from tests.certificates import Files
from tests.server.cache.test_external import EXTERNAL, PASSWORD, USER, certificates, port
from tests.server.conftest import RuntimeVolume, Serve
from tests.server.shadow.conftest import ask, reaches, tell, total

__all__ = ["certificates", "port"]


async def test_the_user_of_the_cache_may_do_enough(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, certificates: Files, port: int
) -> None:
    runtime.write(
        EXTERNAL,
        cache_url=f"rediss://{USER}:{PASSWORD}@127.0.0.1:{port}/0",
        cache_ca=certificates.authority.read_text(),
    )
    volume = {"runtime_dir": runtime.directory}
    async with (
        serve(sentiment, **volume) as stable,
        serve(sentiment, revision="r2", **volume) as candidate,
    ):
        await tell(stable, "stable")
        await tell(candidate, "candidate")
        await ask(stable, "good film", "a")
        await ask(candidate, "good film", "a")
        await reaches(1, [stable, candidate], "compared_total", 'against="candidate"')
        assert await total([stable, candidate], "dropped_total") == 0
