"""Folders of labelled data become sections and crops: `open_labelled`, then `Crops` of a split.

A folder is understood (description, layout), its sections read and checked (pairs, published; label_grid,
volumes, volume_set), divided (blocks), and handed out (split, crops).
"""

from geointerp.training.data.crops import Crops
from geointerp.training.data.folder import LabelledData, open_labelled
from geointerp.training.data.split import Sample, Split, label_counts

__all__ = ["Crops", "LabelledData", "Sample", "Split", "label_counts", "open_labelled"]
