"""What a ModelDeployment says of itself, for people and for scripts. Pure: dicts in, text out."""
