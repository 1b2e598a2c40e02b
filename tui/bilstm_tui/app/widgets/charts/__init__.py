"""Charts in braille."""
