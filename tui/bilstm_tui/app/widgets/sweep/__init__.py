"""The leaderboard of a sweep."""
