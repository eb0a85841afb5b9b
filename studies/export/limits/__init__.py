"""What other tools cannot tell of a pick."""
