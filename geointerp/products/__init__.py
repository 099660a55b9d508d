"""What interpreters take away: fault sticks, geobodies, horizons, areas, crater catalogues, event lists."""
