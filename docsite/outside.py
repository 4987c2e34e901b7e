"""Links that leave `docs/`: they work in the repository's view, and a site has no page for them."""

import posixpath

from docsite.page import Link, links

FOLDER = "docs"
BRANCH = "main"


def _path(page: str, link: Link) -> str | None:
    """Where in the repository a link of a page of `docs/` leaves to; None: it stays, or is an address."""
    if ":" in link.target or link.target.startswith(("#", "/")):
        return None
    target = link.target.partition("#")[0]
    path = posixpath.normpath(posixpath.join(FOLDER, posixpath.dirname(page), target))
    return None if path == FOLDER or path.startswith(f"{FOLDER}/") else path


def _shown(link: Link, path: str, repository: str | None) -> str:
    if repository:
        anchor = link.target.partition("#")[1:]
        return f"[{link.text}]({repository.rstrip('/')}/blob/{BRANCH}/{path}{''.join(anchor)})"
    name = posixpath.basename(path)
    if link.text.strip("`").rstrip("/") in (path, name, posixpath.splitext(name)[0]):
        return f"`{path}`"
    return f"{link.text} (`{path}`)"


def rewrite(page: str, text: str, repository: str | None) -> str:
    """Point the links that leave `docs/` at the repository, or say their paths where none is known.

    Args:
        page: the page's path inside `docs/`.
        text: its Markdown.
        repository: where the repository is shown to people, such as https://HOST/ORG/REPO.
    """
    out, at = [], 0
    for link in links(text):
        path = _path(page, link)
        if path is not None:
            out += [text[at : link.start], _shown(link, path, repository)]
            at = link.end
    return "".join([*out, text[at:]])
