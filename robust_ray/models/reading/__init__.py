"""How programs reach a network: text to token ids, ids to tensors, tensors to vectors and logits."""
