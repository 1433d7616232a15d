"""Talks HTTP: the fast path for hits, the public pages, the API."""
