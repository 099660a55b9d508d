"""SEG-Y as it comes: what the file is (sniff, layout), where its traces lie (headers, map), amplitudes."""

from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.volume import open_segy

__all__ = ["SegyOptions", "open_segy"]
