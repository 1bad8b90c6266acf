"""Offline analysis: from the rows in a store to tables, figures and one HTML report. Never torch, never Ray."""
