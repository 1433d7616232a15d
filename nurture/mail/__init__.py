"""Talks mail: SMTP out, LMTP in."""
