"""Settings, and what a server needs to run the backoffice."""
