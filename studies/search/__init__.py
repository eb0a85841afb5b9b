"""What study.yaml says of the search."""
