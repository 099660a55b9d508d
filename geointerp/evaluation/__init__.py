"""Labels compared with labels: confusion, metrics, thin lines, one report; models run over labelled data."""
