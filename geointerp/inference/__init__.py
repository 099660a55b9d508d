"""Slabs of a volume go through the network tile by tile and come out as blended labels.

In the order of the data's way: reader, accumulator (cut), batches, runner, accumulator (blend), passes,
writer; job carries a prediction out with manifest and staging, predict decides what the job is.
"""
