"""The network: modules, weights on disk, summary and cost."""
