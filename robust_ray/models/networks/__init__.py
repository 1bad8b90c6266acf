"""Networks without their weights: their descriptions, the heads they end in, and what they are made of."""
