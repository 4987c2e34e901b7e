"""Installing Modelyard itself."""
