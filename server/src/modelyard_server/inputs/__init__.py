"""Inputs that stand elsewhere: fetched under an allow-list before anything else happens to a request."""
