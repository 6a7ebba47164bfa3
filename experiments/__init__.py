"""One file an experiment: what it claims, its configuration, its measurement."""
