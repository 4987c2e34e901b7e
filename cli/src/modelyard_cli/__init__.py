"""The command line of Modelyard."""
