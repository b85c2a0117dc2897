"""The consent screen: which files would run, and what stands out in them."""
