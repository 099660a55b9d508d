"""Draw a survey, its predicted labels and the true ones side by side.

python examples/draw_labels.py survey.sgy faults.zarr survey_faults.sgy faults.png
"""

import sys
from pathlib import Path

import geointerp
from geointerp.sinks.picture import draw

if __name__ == "__main__":
    survey, labels, truth, picture = map(Path, sys.argv[1:])
    draw(
        geointerp.open_volume(survey),
        geointerp.open_volume(labels),
        picture,
        truth=geointerp.open_volume(truth),
    )
    print(f"The picture is {picture}")
