"""Backward rules of the rectifier, for networks that take theirs as an argument and for any other.

`gates` has the rules themselves, one gate each: `gradient`, `deconvnet`, `guided`. A network that
takes its ReLU as an argument is given `RULES[name]`; of any other function `rewrite` makes one
that is equal forwards and runs backwards under another rule, and `sites` says where.

A rectifier is recognised in the function's jaxpr by its form, however deep inside `jit`, `scan`,
`cond` or `checkpoint` it stands and whatever wraps it (Flax, Equinox, Haiku, plain JAX):

| written as                                                | clips to   | reported as      |
|-----------------------------------------------------------|------------|------------------|
| `jax.nn.relu(x)`, `RULES[name](x)`, `rectifier(gate)(x)`  | `[0, ∞)`   | `relu`           |
| `jax.nn.relu6(x)`                                         | `[0, 6]`   | `relu6`          |
| `jnp.maximum(x, 0)`, `jnp.maximum(0, x)`                  | `[0, ∞)`   | `max`            |
| `jnp.clip(x, 0)`, `jnp.clip(x, 0, b)`                     | `[0, b]`   | `clip`           |
| `lax.clamp(0, x, b)`, `jnp.minimum(jnp.maximum(x, 0), b)` | `[0, b]`   | `clip`           |
| `jnp.where(x > 0, x, 0)`, also with `>=`, `0 < x`, `~`    | `[0, ∞)`   | `where`          |
| `jnp.where(x <= 0, 0, x)`, `lax.select(x > 0, x, zeros)`  | `[0, ∞)`   | `where`          |

The zero may be a literal, an array of zeros, or the argument of an inner `jit`, as long as it is
known when the function is traced. `x * (x > 0)` and `(x + |x|) / 2` are not among the forms. The
form decides, not the meaning, with three exceptions, which are left as they are: `max(x, 0)` to
which a function of `min(x, 0)` is added (celu, a leaky rectifier by hand), the floor under a
square root (of the variance, in some normalisations), and what stands in `jax.nn.hard_sigmoid`
and `hard_silu`.

In the same way `rewrite_pooling` replaces a function's max-pooling by `vizjax.ops.max_pool`.
"""

from vizjax.rules.gates import (
    GATES,
    RULES,
    Gate,
    Rectifier,
    Signal,
    by_name,
    deconvnet,
    gradient,
    guided,
    rectifier,
)
from vizjax.rules.pooling import Repooled, pooling_sites, rewrite_pooling
from vizjax.rules.reading import Report, Site
from vizjax.rules.rewriting import Rewritten, rewrite, sites
