"""Reads the marketer's files: YAML and mail templates in, one checked Workspace value out."""
