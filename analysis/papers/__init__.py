"""What papers claim, asked of rows: what `analysis.paper1` and `analysis.paper2` are made of."""
