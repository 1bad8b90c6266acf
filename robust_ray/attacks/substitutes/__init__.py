"""Substitutes: where the new names come from, and what that takes."""
