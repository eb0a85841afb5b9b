"""ControlNets: pictures that hold an image's composition, how strongly, and up to which step."""
