"""The organisation: nodes, people, calendars."""
