"""One module a command of ``monai-covid``: its options, and a call into the library."""
