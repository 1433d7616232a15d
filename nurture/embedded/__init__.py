"""Runs the servers that a bare machine lacks: PostgreSQL, Valkey, a development mailbox, a supervisor."""
