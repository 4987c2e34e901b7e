"""Load tests: k6 asks, the cluster is watched meanwhile, and a page tells what came of it."""
