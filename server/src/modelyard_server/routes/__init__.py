"""The HTTP routes: thin adapters over the data plane and the pod's state."""
