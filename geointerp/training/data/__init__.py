"""Folders of labelled data become sections and crops: `open_labelled`, then `Crops` of a split.

A folder is understood (description, layout), its sections or volumes are read, checked and divided
(section_set with sections and published; volume_set with volumes, label_grid and blocks), and handed out
(split, crops).
"""

from geointerp.training.data.crops import Crops
from geointerp.training.data.folder import LabelledData, open_labelled
from geointerp.training.data.split import Sample, Split, label_counts

__all__ = ["Crops", "LabelledData", "Sample", "Split", "label_counts", "open_labelled"]
