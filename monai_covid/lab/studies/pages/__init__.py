"""Pages of results from stored study files: tables, figures and sentences."""
