"""HTML pages: headings, tables and pictures, filled in from templates."""
