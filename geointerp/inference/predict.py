"""``predict``: a volume and a model become labels."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.inference.allocation import return_freed, suit_allocator
from geointerp.inference.device import Machine, choose_machine
from geointerp.inference.job import Job, run
from geointerp.inference.progress import Progress, Silent
from geointerp.inference.runner import can_compile
from geointerp.inference.unfamiliar import unfamiliar
from geointerp.network.description import CHANNELS, ModelDescription, read_description
from geointerp.network.home import bundled_model, find_model
from geointerp.network.loading import LoadedModel, load_model, recognise_model
from geointerp.sinks.output import FILE_SUFFIXES
from geointerp.sources.raster_place import part_of
from geointerp.sources.scaling import measure_scale
from geointerp.tasks import task_named
from geointerp.tiling.fit import fitted_tile
from geointerp.tiling.plan import plan_views
from geointerp.tiling.regions import parse_region, region_slices
from geointerp.tiling.views import View, choose_views, widened

if TYPE_CHECKING:
    from geointerp.inference.crew import Crew


def predict(
    volume: xr.DataArray | str | Path,
    *,
    task: str | None = None,
    model: LoadedModel | str | Path | None = None,
    views: Sequence[str] | str | None = None,
    region: Mapping[str, tuple[Any, Any]] | str | None = None,
    tile: int | tuple[int, int] | None = None,
    overlap: float | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    compile: str = "auto",
    probability: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    **source_options: Any,
) -> xr.Dataset:
    """Predict labels.

    Args:
        volume: from ``open_volume``, or the path of a file.
        task: the bundled model of this name, unless ``model`` is given, whose task it then has to be.
        model: a model folder, or a loaded model.
        views: ways of slicing a 3D volume, by the dimension stepped through; probabilities are averaged. The
            model's own by default, but none whose slices are narrower than a patch where another's are not.
        region: first and last value along some dimensions, ends included, in the coordinates' units; a dead
            trace is then one that is constant inside the region.
        tile: height and width in pixels, multiples of the model's patch; one number for both. By default
            the model's own, or, where the model allows, what covers the slices for the least work, near it;
            a loaded model keeps the tile that it was built for.
        overlap: least overlap of neighbouring tiles, as a fraction of a tile.
        batch_size: tiles computed at once; it changes the speed, in fp32 never the labels.
        device: ``auto``, ``cpu``, ``cuda[:N]`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        compile: ``auto``, ``on`` or ``off``: whether torch compiles the network first; ``auto`` does on a GPU
            where there is much to do, and a C compiler to do it with.
        probability: keep the class probabilities.
        workers: compute in so many processes of this machine, which needs an ``output``; a script that asks
            for them must be safe to import (``if __name__ == "__main__":``).
        scheduler: compute with the workers of this dask.distributed scheduler, ``tcp://host:8786``.
        output: a Zarr store to write; without it the result stays in memory.
        overwrite: replace what is there.
        resume: go on with an interrupted run; an output that is complete, from the same settings, is the
            result.
        progress: is told of it.
        **source_options: of ``open_volume``, where ``volume`` is a path; what becomes of an elevation model
            is the model's choice, unless they say.

    Returns:
        The label store, opened lazily by xarray, which decodes 255 ("nothing predicted") as NaN.

    Raises:
        UsageError: an argument is at fault.
        DataError: the input cannot be read.
        ModelError: there is no such model, or it is damaged.
        OutputError: the output cannot be written there.
        MachineError: the device is not there or too small.
    """
    progress = progress or Silent()
    place = Path(output) if output is not None else None
    if place is not None and place.suffix.lower() in FILE_SUFFIXES:
        raise UsageError(
            f"predict writes a Zarr store, not {place.suffix}: {place}",
            hint=f"name it {place.stem}.zarr; geointerp export and the command line's predict write others",
        )
    with _crew(workers, scheduler, place) as crew:
        machine = crew.machine(device, precision) if crew else choose_machine(device, precision)
        possible = crew.can_compile if crew else can_compile
        if compile == "auto" and machine.device.type == "cuda" and not possible():
            compile = "off"
        suit_allocator("cpu" if crew else machine.device.type, torch.get_num_threads())
        chosen = _model(task, model, tile)
        whole = _volume(volume, source_options, chosen)
        load = recognise_model if crew else load_model  # workers load the network themselves
        job = _job(
            whole, chosen, load, machine, task, views, region, tile, overlap, batch_size, compile, probability
        )
        for words in unfamiliar(job, whole, bool(views)):
            progress.note(words)
        if machine.device.type != "cuda":  # beside a GPU it is kept for the slabs, see suit_allocator
            return_freed()
        return run(job, place, overwrite=overwrite, resume=resume, progress=progress, crew=crew)


def _crew(
    workers: int | None, scheduler: str | None, output: Path | None
) -> "AbstractContextManager[Crew | None]":
    """Return the workers that are asked for; none, where none are."""
    if workers is None and scheduler is None:
        return nullcontext()
    if output is None:
        raise UsageError("workers write into a store, and no output is named", hint="name an output")
    from geointerp.inference.cluster import crew

    return crew(workers, scheduler)


def _job(
    whole: xr.DataArray,
    model: LoadedModel | Path,
    load: Callable[[Path, tuple[int, int]], LoadedModel],
    machine: Machine,
    task: str | None,
    views: Sequence[str] | str | None,
    region: Mapping[str, tuple[Any, Any]] | str | None,
    tile: int | tuple[int, int] | None,
    overlap: float | None,
    batch_size: int | None,
    compile: str,
    probability: bool,
) -> Job:
    """Decide everything that was left open, and check the rest, before anything is written."""
    about = _description(model)
    if task and about.task and task != about.task:
        raise UsageError(
            f"the model '{about.name}' is for {about.task}, not {task}", hint="leave the task out"
        )
    if "flag_meanings" in whole.attrs:
        raise DataError(
            f"{whole.attrs.get('source', 'the volume')} holds labels, not what labels are predicted from",
            hint="give the input; `geointerp export` turns labels into other files",
        )
    dims = [str(dim) for dim in whole.dims]
    names = [name.strip() for name in views.split(",")] if isinstance(views, str) else views
    chosen = choose_views(dims, names or (about.views if len(dims) == 3 else None))
    _check(compile, batch_size)
    cut = _region(whole, region)
    volume = part_of(whole, cut)
    sizes = {str(dim): size for dim, size in volume.sizes.items()}
    if not names:
        chosen = widened(chosen, sizes, about.patch)
    overlap = about.overlap if overlap is None else overlap
    if not isinstance(model, LoadedModel):
        own = about.tile if about.fixed_tile else _fitted(chosen, sizes, about, overlap)
        model = load(model, _shape(tile) or own)
        about = model.description
    plans = plan_views(
        chosen,
        sizes,
        tile=about.tile,
        overlap=overlap,
        patch=about.patch,
        channels=CHANNELS[about.channels],
        classes=len(about.classes),
        device=machine.device.type,
    )
    return Job(
        volume=volume,
        model=model,
        # Over the whole volume, so that a region is seen in the same greys as the volume around it.
        scale=measure_scale(whole, about.normalisation.kind, about.normalisation.percentile),
        plans=plans,
        tile=about.tile,
        overlap=overlap,
        region=cut,
        machine=machine,
        asked_batch_size=batch_size,
        compile=compile,
        probability=probability,
        task=task or about.task,
        as_in_file="array" in whole.attrs and whole.attrs["array"] == getattr(whole.data, "name", ""),
    )


def _model(
    task: str | None, model: LoadedModel | str | Path | None, tile: int | tuple[int, int] | None
) -> LoadedModel | Path:
    """Return the model, or the folder it is loaded from once its tile is known."""
    if task is not None:
        task_named(task)
    if isinstance(model, LoadedModel):
        return model if _shape(tile) in (None, model.description.tile) else model.path
    if model is None and task is None:
        raise UsageError("neither a task nor a model is named", hint="give task='faults', or a model folder")
    return find_model(model or bundled_model(str(task)))


def _shape(tile: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """Return height and width of the tile that is asked for."""
    return (tile, tile) if isinstance(tile, int) else tile


def _fitted(
    views: Sequence[View], sizes: Mapping[str, int], about: ModelDescription, overlap: float
) -> tuple[int, int]:
    """Return the tile that suits the slices of all views."""
    slices = [(sizes.get(str(view.slices), 1), (sizes[view.rows], sizes[view.columns])) for view in views]
    return fitted_tile(slices, about.tile, overlap, about.patch)


def _description(model: LoadedModel | Path) -> ModelDescription:
    return model.description if isinstance(model, LoadedModel) else read_description(model)


def _volume(
    volume: xr.DataArray | str | Path, options: dict[str, Any], model: LoadedModel | Path
) -> xr.DataArray:
    """Return the volume, opened as the model wants it if it is a path."""
    if not isinstance(volume, xr.DataArray):
        from geointerp.sources.open import open_volume

        opened: xr.DataArray = open_volume(volume, **{"elevation": _description(model).elevation, **options})
        return opened
    if options:
        raise UsageError(f"{', '.join(options)} apply to a file, and an open volume was given")
    return volume


def _region(
    volume: xr.DataArray, region: Mapping[str, tuple[Any, Any]] | str | None
) -> dict[str, tuple[int, int]]:
    """Return first and last-plus-one position of the dimensions that the region cuts."""
    wanted = parse_region(region) if isinstance(region, str) else dict(region or {})
    coords = {str(dim): volume[dim].values for dim in volume.dims}
    return {dim: (part.start, part.stop) for dim, part in region_slices(coords, wanted).items()}


def _check(compile: str, batch_size: int | None) -> None:
    """Refuse options that mean nothing."""
    if compile not in ("auto", "on", "off"):
        raise UsageError(f"compile is '{compile}'", hint="it is auto, on or off")
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"a batch of {batch_size} tiles is impossible", hint="give 1 or more")
