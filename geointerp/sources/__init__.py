"""A file becomes a volume: an `xarray.DataArray` read lazily, with coordinates, mask and provenance."""
