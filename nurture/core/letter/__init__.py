"""Writes a mail: the author's template filled in, links made trackable, final bytes proven."""
