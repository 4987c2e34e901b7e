"""What verbs do in a cluster."""
