"""Labels become files: label stores, SEG-Y, arrays and pictures."""
