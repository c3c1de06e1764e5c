"""The commands of `backoffice`, one file per subject."""
