"""Searches: which candidates to try. Each is a generator that never sees the victim."""
