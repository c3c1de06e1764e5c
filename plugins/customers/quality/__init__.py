"""How complete the records are: points for each, and shares for each store and area."""
