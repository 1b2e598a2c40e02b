"""The settings of a run: schema, presets, and how a configuration is resolved."""
