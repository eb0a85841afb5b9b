"""ControlNets of a study: what its file says of them, and what they are told at each seed."""
