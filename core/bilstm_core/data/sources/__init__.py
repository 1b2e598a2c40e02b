"""Sources of data: one file per format."""
