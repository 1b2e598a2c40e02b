"""Runs in processes: workers, their clients, and the orders between them."""
