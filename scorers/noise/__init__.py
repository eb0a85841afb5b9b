"""How much a score means: what it moves by where nothing of the image has changed."""
