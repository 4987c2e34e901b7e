"""Resolving a model's URI to an immutable reference, and fetching by that reference."""
