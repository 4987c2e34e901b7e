"""Scripts that run inside the build, under the base image's Python, and lay the final root file system."""
