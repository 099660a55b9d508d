"""Interpret geophysical data with an adapted vision foundation model.

The public names are imported on first use, so that ``import geointerp`` stays quick:

    volume = geointerp.open_volume("survey.sgy")
    labels = geointerp.predict(volume, task="faults")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geointerp.evaluation.crater_report import evaluate_catalogues
    from geointerp.evaluation.of_model import evaluate_model
    from geointerp.evaluation.report import evaluate
    from geointerp.inference.predict import predict
    from geointerp.network.loading import load_model
    from geointerp.sources.open import open_volume
    from geointerp.training.finetune import finetune

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "evaluate",
    "evaluate_catalogues",
    "evaluate_model",
    "finetune",
    "load_model",
    "open_volume",
    "predict",
]

_HOMES = {
    "open_volume": "geointerp.sources.open",
    "predict": "geointerp.inference.predict",
    "load_model": "geointerp.network.loading",
    "evaluate": "geointerp.evaluation.report",
    "evaluate_model": "geointerp.evaluation.of_model",
    "evaluate_catalogues": "geointerp.evaluation.crater_report",
    "finetune": "geointerp.training.finetune",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'geointerp' has no attribute '{name}'")
