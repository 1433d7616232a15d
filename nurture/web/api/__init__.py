"""For other systems: JSON in, JSON out, a key in every request."""
