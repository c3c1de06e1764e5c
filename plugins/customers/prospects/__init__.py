"""Somebody who may buy: kept, worked, won or lost with a reason."""
