"""What a counter asks besides name and number: head office says it per format of store."""
