"""What ControlNets hold, and what they cost."""
