"""The demonstration: a real installation, people in another process, and a comparison of what both say."""
