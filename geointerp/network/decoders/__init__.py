"""Light decoders: from the encoder's feature maps to class scores at every pixel.

Four are those of Guo et al. (2024); ``detail``, ``pyramid`` and ``texture`` also look at the tile itself.
"""

from torch import nn

from geointerp.errors import UsageError
from geointerp.network.decoders.detail import DetailDecoder
from geointerp.network.decoders.dpt import DPTDecoder
from geointerp.network.decoders.linear import LinearDecoder
from geointerp.network.decoders.mla import MLADecoder
from geointerp.network.decoders.pup import PUPDecoder
from geointerp.network.decoders.pyramid import PyramidDecoder
from geointerp.network.decoders.texture import TextureDecoder

DECODERS: dict[str, type[nn.Module]] = {
    "linear": LinearDecoder,
    "pup": PUPDecoder,
    "mla": MLADecoder,
    "dpt": DPTDecoder,
    "detail": DetailDecoder,
    "pyramid": PyramidDecoder,
    "texture": TextureDecoder,
}


def create_decoder(name: str, dim: int, classes: int, width: float = 1.0) -> nn.Module:
    """Build a decoder.

    Args:
        name: ``linear``, ``pup``, ``mla``, ``dpt``, ``detail``, ``pyramid`` or ``texture``.
        dim: features a token.
        classes: label classes.
        width: factor on the decoder's channels; 1 is the paper's.

    Raises:
        UsageError: there is no such decoder.
    """
    if name not in DECODERS:
        raise UsageError(f"no decoder is called '{name}'", hint=f"the decoders are {', '.join(DECODERS)}")
    return DECODERS[name](dim, classes, width)
