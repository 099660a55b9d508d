"""Attention over few tokens, for a network that only predicts."""

import torch
from timm.layers.attention import Attention
from torch import Tensor, nn

_IN_CACHE = 1 << 20
"""Numbers between the two products, for as many images at once as stay in a processor's second cache."""


class PlainAttention(nn.Module):
    """Attention as two products, the queries scaled by the layer they come from.

    timm's own multiplies the queries at each call, which costs one more way through memory.
    """

    def __init__(self, attention: Attention) -> None:
        """Take over the layers of ``attention``, one that ``is_plain``, and scale its queries in place."""
        super().__init__()
        self.heads = attention.num_heads
        self.qkv, self.proj = attention.qkv, attention.proj
        queries = len(self.qkv.weight) // 3
        with torch.no_grad():
            self.qkv.weight[:queries] *= attention.scale
            if self.qkv.bias is not None:
                self.qkv.bias[:queries] *= attention.scale

    def forward(self, x: Tensor, attn_mask: None = None, is_causal: bool = False) -> Tensor:
        """(batch, tokens, channels) to the same; the mask is there because timm's blocks hand one over."""
        assert attn_mask is None
        assert not is_causal
        batch, tokens, _ = x.shape
        # Queries, keys and values, each (batch, heads, tokens, channels of a head).
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = x.new_empty(batch, tokens, self.heads, q.shape[-1])
        at_once = max(1, _IN_CACHE // (self.heads * tokens**2))
        for first in range(0, batch, at_once):
            part = slice(first, first + at_once)
            seen[part] = ((q[part] @ k[part].mT).softmax(dim=-1) @ v[part]).transpose(1, 2)
        result: Tensor = self.proj(seen.view(batch, tokens, -1))
        return result


def is_plain(attention: nn.Module) -> bool:
    """Whether this is attention without norms and gates of its own, as DINOv2 has it."""
    optional = ("q_norm", "k_norm", "norm", "gate")
    return type(attention) is Attention and all(
        isinstance(getattr(attention, name, None), nn.Identity | None) for name in optional
    )
