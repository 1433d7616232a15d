"""Judges opens and clicks: human, machine or unknown, with reasons."""
