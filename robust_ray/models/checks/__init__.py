"""What is refused before it costs days: networks, outputs and tokenizers that are not what they seem."""
