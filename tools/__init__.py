"""What maintainers run; `make` lists the verbs."""
