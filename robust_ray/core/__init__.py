"""What every room knows: components, identity, calls, records, victims. Standard library and numpy only."""
