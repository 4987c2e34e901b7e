"""What a cluster has of what Modelyard can use, and what that means."""
