"""The command line: one module a command with its options, and a call into the library."""
