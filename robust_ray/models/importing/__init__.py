"""Networks that others have trained, and keep in files of their own making."""
