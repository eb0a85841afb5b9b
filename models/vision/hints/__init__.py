"""Pictures that ControlNets are told: edges, lines, depth or a skeleton of another picture."""
