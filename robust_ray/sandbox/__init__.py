"""Runs Python programs where they can reach nothing, and says whether two of them do the same.

A process of its own (``python -m robust_ray.sandbox``), started by :mod:`robust_ray.source.execution`; standard library
only, so that there is nothing else in it.
"""
