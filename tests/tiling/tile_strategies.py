from hypothesis import strategies as st

from geointerp.tiling.lattice import axis_tiles


@st.composite
def axes(draw):
    """Every size from one pixel to three tiles, every overlap."""
    patch = draw(st.sampled_from((1, 4, 14)))
    tile = patch * draw(st.integers(1, 8))
    size = draw(st.integers(1, 3 * tile))
    overlap = draw(st.floats(0, 1, exclude_max=True))
    return axis_tiles(size, tile, overlap, patch), overlap, patch
