"""Data sets as their authors publish them: one module a layout, each with what is known of the data."""
