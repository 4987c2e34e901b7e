"""The Helm chart: what of it is written from code."""
