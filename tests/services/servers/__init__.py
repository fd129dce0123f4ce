"""Real servers on free loopback ports in temporary folders, for the tests, the benches and `make run`.

One module per server, each with a context manager that starts it and a handle that talks to it; none imports pytest
or Django. The plugins with the fixtures are one folder up, under the same names.
"""
