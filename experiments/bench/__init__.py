"""vizjax against its peers: the same weights, the same inputs, one run, ratios."""
