"""Talks to sales: one file per handoff target."""
