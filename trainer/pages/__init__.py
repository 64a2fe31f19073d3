"""Reports for people: tables and plots, as HTML and as Markdown."""
