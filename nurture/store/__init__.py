"""Remembers: the only SQLAlchemy; functions take a session and never commit."""
