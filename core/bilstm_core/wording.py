"""Numbers of things in words."""


def counted(count: int, noun: str) -> str:
    """Such as '1 step', or '2,000 steps'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def were(count: int) -> str:
    """The verb after a number of things: 'was' or 'were'."""
    return "was" if count == 1 else "were"
