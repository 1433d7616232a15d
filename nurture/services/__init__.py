"""Does: one use case per function: gather, decide, record."""
