"""What a finished prediction says of itself: its provenance, and the summary ``--json`` prints."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

import geointerp
from geointerp.inference.manifest import Manifest, key

if TYPE_CHECKING:
    from geointerp.inference.job import Job


def provenance(job: "Job", manifest: Manifest, seconds: float) -> dict[str, Any]:
    """Return the ``geointerp`` attribute of a label store.

    Args:
        job: that was carried out.
        manifest: with every block recorded.
        seconds: the run took; after a resume, the last one.
    """
    description, attrs = job.model.description, job.volume.attrs
    counts = manifest.counts(job.classes)
    predicted = sum(counts)
    return {
        "version": geointerp.__version__,
        "task": job.task,
        "model": {"name": description.name, "sha256": job.model.sha256},
        "classes": [asdict(one) for one in description.classes],
        "source": {
            "path": attrs.get("source"),
            "format": attrs.get("format"),
            "size": attrs.get("source_size"),
            "headers_sha256": attrs.get("source_headers_sha256"),
        },
        "reading": attrs.get("reading"),
        "segy": attrs.get("segy"),
        "region": job.region,
        "tile": list(job.tile),
        "overlap": job.overlap,
        "views": [plan.view.name for plan in job.plans],
        "channels": description.channels,
        "amplitude": asdict(job.scale),
        "device": str(job.machine.device),
        "precision": job.machine.precision,
        "compiled": job.compiled,
        "settings": key(job.settings()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "tiles": manifest.tiles,
        "predicted": predicted / job.volume.size,
        "class_fractions": {
            one.name: count / max(predicted, 1)
            for one, count in zip(description.classes, counts, strict=True)
        },
    }


def summary(labels: xr.Dataset, output: str | Path | None = None) -> dict[str, Any]:
    """Return what ``predict --json`` prints of a result, fit for JSON.

    Args:
        labels: what ``predict`` returned, or any label store opened by xarray.
        output: where it was written.

    Returns:
        ``input, output, task, model, dims, shape, predicted, seconds, tiles, class_fractions, views, device``
        and ``precision``; the fractions are of the samples that were predicted, and these are ``predicted``
        of all (None in what earlier versions wrote).
    """
    told = labels.attrs["geointerp"]
    return {
        "input": told["source"]["path"],
        "output": None if output is None else str(output),
        "task": told["task"],
        "model": told["model"]["name"],
        "dims": [str(dim) for dim in labels["labels"].dims],
        "shape": list(labels["labels"].shape),
        "predicted": told.get("predicted"),
        **{
            name: told[name]
            for name in ("seconds", "tiles", "class_fractions", "views", "device", "precision")
        },
    }
