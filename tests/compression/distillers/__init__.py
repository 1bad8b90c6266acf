"""Tests of the three distillers."""
