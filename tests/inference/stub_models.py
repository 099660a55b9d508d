"""Small networks whose answers are known, wrapped as loaded models; and volumes without files."""

from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

from geointerp.network.description import BackboneInfo, DecoderInfo, ModelDescription, Normalisation
from geointerp.network.loading import LoadedModel
from geointerp.tasks import TASKS


class Identity(nn.Module):
    """The probability of class 0 is the grey value of one channel."""

    def __init__(self, channel=0):
        super().__init__()
        self.channel = channel

    def forward(self, grey):
        p = grey[:, self.channel : self.channel + 1].clamp(1e-7, 1 - 1e-7)
        return torch.cat([p.log(), (1 - p).log()], 1)


class Convolution(nn.Module):
    """Two 3 x 3 convolutions: a receptive field of two pixels to each side."""

    def __init__(self, channels=1, classes=2):
        super().__init__()
        torch.manual_seed(5)
        self.first = nn.Conv2d(channels, 6, 3, padding=1)
        self.second = nn.Conv2d(6, classes, 3, padding=1)

    def forward(self, grey):
        return 20 * self.second(torch.relu(self.first(grey)))


class Attention(nn.Module):
    """A small transformer: its products depend on the whole tile, as those of the real network do."""

    def __init__(self, patch=14, dim=32):
        super().__init__()
        torch.manual_seed(6)
        self.embed = nn.Conv2d(1, dim, patch, stride=patch)
        self.block = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True)
        self.head = nn.ConvTranspose2d(dim, 2, patch, stride=patch)

    def forward(self, grey):
        maps = self.embed(grey)
        tokens = self.block(maps.flatten(2).transpose(1, 2))
        return 3 * self.head(tokens.transpose(1, 2).reshape(maps.shape))


class Failing(Convolution):
    """Fails after so many tiles."""

    def __init__(self, after, error):
        super().__init__()
        self.left, self.error = after, error

    def forward(self, grey):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().forward(grey)


def model_of(network, **description):
    fields = {
        "name": "stub",
        "task": "faults",
        "classes": TASKS["faults"].classes,
        "backbone": BackboneInfo("stub", "0"),
        "decoder": DecoderInfo("stub"),
        "normalisation": Normalisation("symmetric"),
        "tile": (28, 42),
        "overlap": 0.25,
        **description,
    }
    network.eval().requires_grad_(False)
    return LoadedModel(network, ModelDescription(**fields), Path("/nowhere"), "5" * 64)


def volume_of(shape=(9, 50, 61), dims=("inline", "crossline", "time"), seed=0):
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    steps = {"inline": 1, "crossline": 2, "time": 4.0}
    coords = {dim: 100 + np.arange(size) * steps.get(dim, 1) for dim, size in zip(dims, shape, strict=True)}
    return xr.DataArray(data, dims=dims, coords=coords)


def raw_labels(labels):
    """The stored uint8 of a result, 255 included."""
    return labels["labels"].fillna(255).values.astype(np.uint8)


def chunk_bytes(store):
    """Every file of the arrays; the root's attributes hold the time of the run."""
    files = (path for path in store.rglob("*") if path.is_file() and path != store / "zarr.json")
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


class Watched:
    """An array that notes which slices of its first dimension are asked for."""

    asked: list = []  # noqa: RUF012 - shared on purpose: dask may work on a copy

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.ndim = values, values.shape, values.dtype, values.ndim

    def __getitem__(self, key):
        self.asked.append(key[0])
        return self.values[key]
