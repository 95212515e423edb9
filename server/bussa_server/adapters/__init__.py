"""One technology each. Foreign errors become ``Unavailable`` here, foreign rows become the domain's."""
