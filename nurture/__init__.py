"""Nurture turns an email audience into sales conversations: track, sequence, promote, hand off."""
