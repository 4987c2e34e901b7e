"""Real servers of stores as processes of the tests' own, one file each."""
