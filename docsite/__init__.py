"""The documentation site: what a page says, read as GitHub reads it, and how mkdocs shows it."""
