"""What a person may ask of the chain: what it holds of them, to correct it, to be left alone, to be forgotten."""
