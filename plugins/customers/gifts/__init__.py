"""A small gift for whoever lets us know them: what is in stock, who has got one, and never a second one."""
