"""ControlNets for tests."""
