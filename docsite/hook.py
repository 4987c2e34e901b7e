"""What mkdocs calls while it builds: https://www.mkdocs.org/user-guide/configuration/#hooks."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from docsite.navigation import expand
from docsite.outside import rewrite
from docsite.page import anchor


def on_config(config: MkDocsConfig) -> None:
    """List the pages of folders; name anchors as the repository's view does, so that one link serves both."""
    config.nav = expand(Path(config.docs_dir), config.nav or [])
    config.mdx_configs.setdefault("toc", {})["slugify"] = anchor


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mend the links that leave the documentation."""
    del files
    return rewrite(page.file.src_uri, markdown, config.repo_url)
