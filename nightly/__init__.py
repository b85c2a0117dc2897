"""Long checks, each a nox session that is run by name and not in CI."""
