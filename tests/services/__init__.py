"""Real servers on free loopback ports in temporary folders, for the tests, the benches and `make run`.

One module per server, each with a context manager that starts it and a handle that talks to it; none imports pytest
or Django. `fixtures.py` and `browser_fixtures.py` are the pytest plugins on top of them.
"""
