"""Measuring on the machine at hand how an artifact runs best."""
