"""Scores of an image behind a window, computed only where the window changes something.

A window of 16×16 pixels changes few pixels of the first layers' activations; all others are those
of the whole image, which are computed once. Each layer is computed again on a patch alone, which
grows from layer to layer, until it covers all of the plane or something is done that is not local
to the plane, such as a full connection; from there on all is computed. Nothing is left out: the
scores are those of a whole pass, up to rounding.

After Krypton (Nakandala, Kumar & Papakonstantinou 2019, "Incremental and approximate inference for
faster occlusion-based deep CNN explanations", doi 10.1145/3299869.3319874), of which this is the
exact part; here it is read off the operations of any JAX function.
"""

from vizjax.attribution.incremental.windows import scores_behind
