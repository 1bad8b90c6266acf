"""Recipes: attacks from the literature, assembled from shared parts; one file each."""
