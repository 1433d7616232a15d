"""Reads a contact: its address in normal form, a row of a list, the columns of a file."""
