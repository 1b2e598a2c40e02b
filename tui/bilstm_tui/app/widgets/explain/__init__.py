"""How a network reads one sequence, step by step."""
