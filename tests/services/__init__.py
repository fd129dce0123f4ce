"""Pytest plugins, one per real server, each started when a test first asks for it; the servers are in `servers`."""
