"""What a user sees of a sweep: its cost before, how far it is while it runs, and why it failed after."""
