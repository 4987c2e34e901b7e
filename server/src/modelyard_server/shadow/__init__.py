"""Compares the answers of two revisions while one of them serves."""
