"""Labels compared with labels: confusion, metrics, thin lines, one report (numpy only)."""
