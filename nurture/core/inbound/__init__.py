"""Reads a mail: bounce, complaint, automatic answer or a person's reply."""
