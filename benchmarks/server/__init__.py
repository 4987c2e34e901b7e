"""The model server: what it gives, beside what the same machine gives without it or with something else."""
