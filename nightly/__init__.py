"""Long checks, each a nox session that is started by name and not run in CI."""
