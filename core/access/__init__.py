"""Permissions, row scope and the session guard."""
