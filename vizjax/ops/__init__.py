"""Operations that XLA lacks or does badly: max-pooling with switches, LRN, full connections.

And, with `unpool`, what a network's layers are run backwards with: `deconvolution`. All take one
image `(height, width, channels)`, or a batch with any number of leading axes where it says `...`;
batch with `jax.vmap`.
"""

from vizjax.ops.convolution import conv
from vizjax.ops.deconvolution import (
    convolution_matrix,
    strided_convolution,
    transposed_convolution,
)
from vizjax.ops.normalisation import local_response_norm
from vizjax.ops.pooling import (
    LARGEST_WINDOW,
    NO_PADDING,
    Padding,
    Pool,
    ceil_padding,
    max_pool,
    max_pool_with_switches,
    unpool,
)
from vizjax.ops.sub_pixel import (
    depth_to_space,
    space_to_depth,
    sub_pixel_convolution,
    subsample,
    zero_insert,
    zero_insertion_convolution,
)
