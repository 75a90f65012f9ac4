"""The Invoke tasks: parse, call, print."""
