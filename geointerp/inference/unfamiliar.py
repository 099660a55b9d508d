"""What a prediction should be taken with care for: it is said, and nothing is refused."""

import xarray as xr

from geointerp.inference.job import Job
from geointerp.tasks import TASKS, data_with
from geointerp.tiling.views import SAMPLE_DIMS, choose_views, widened


def unfamiliar(job: Job, whole: xr.DataArray, views_named: bool) -> list[str]:
    """Say what the model has not learnt of the data and slices, and what a region hides that it goes by.

    Args:
        job: what is going to be done.
        whole: the data, of which a region may be cut.
        views_named: whether the user said how it is sliced.
    """
    about, views = job.model.description, [plan.view for plan in job.plans]
    said = []
    kind, task = data_with(job.sizes), TASKS.get(job.task or "")
    if task and kind not in (None, task.data):
        said.append(
            f"'{about.name}' looks for {task.title}, and dimensions {', '.join(job.sizes)} are those of "
            f"a {kind}: labels may mean nothing"
        )
    if job.scale.kind != about.normalisation.kind:
        said.append(
            f"no amplitude is negative: zero is taken to lie midway between {job.scale.low:g} and "
            f"{job.scale.high:g}"
        )
    new = [view.name for view in views if view.slices in SAMPLE_DIMS and not {*about.views} & {*SAMPLE_DIMS}]
    if new:
        said.append(
            f"'{about.name}' learnt from {' and '.join(about.views)} slices, not from {new[0]} slices: "
            "averaged with these, labels may be worse"
        )
    sides = {
        dim: side for view in views for dim, side in zip((view.rows, view.columns), job.tile, strict=True)
    }
    cut = [dim for dim in job.region if dim in sides and job.sizes[dim] < whole.sizes[dim]]
    if cut:
        small = any(job.sizes[dim] < sides[dim] for dim in cut)
        than = f", to less than a tile of {job.tile[0]} x {job.tile[1]}" if small else ""
        said.append(
            f"the region cuts slices along {' and '.join(cut)}{than}: what lies around it is not seen, and "
            "labels may differ from the whole's, most near its ends"
        )
    return [*said, *_other_slices(job, whole, views_named)]


def _other_slices(job: Job, whole: xr.DataArray, views_named: bool) -> list[str]:
    """Say where a region is cut into other slices than the whole would be, or has other neighbours."""
    about, views = job.model.description, [plan.view for plan in job.plans]
    said = []
    ends = [
        view.slices for view in views if view.slices and job.sizes[view.slices] < whole.sizes[view.slices]
    ]
    if about.channels == "neighbours" and ends:
        said.append(
            f"the region cuts along {' and '.join(ends)}: the slices at its ends are seen without their "
            "neighbours beyond, and labels may differ from the whole's"
        )
    if len(job.sizes) == 3 and job.region and not views_named:
        own = choose_views(list(job.sizes), about.views)
        sizes = {str(dim): size for dim, size in whole.sizes.items()}
        here, usual = ([view.name for view in widened(own, some, about.patch)] for some in (job.sizes, sizes))
        if here != usual:
            said.append(
                f"the region is narrower than {about.patch} samples: {' and '.join(here)} slices are "
                f"cut of it, of the whole {' and '.join(usual)} ones, and labels may differ from the whole's"
            )
    return said
