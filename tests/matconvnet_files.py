"""MatConvNet files as they are found, written by scipy, and their forward pass, literally.

A layer is a dict of the fields that MATLAB would show. `write` puts a list of them into a file of
one of the format's ages; `forward` computes what they say, by the loops in `references`.
"""

import numpy as np
import references
import scipy.io

STYLES = ("new", "old", "wrapped")


def cell(items, column=False):
    """A MATLAB cell: 1×n, or n×1."""
    values = np.empty(len(items), object)
    values[:] = items
    return values.reshape((-1, 1) if column else (1, -1))


def conv(rng, name, *window, channels, features, **fields):
    """A convolution that keeps the scale of its input (He et al. 2015), with real biases."""
    filters = rng.normal(size=(*window, channels, features), scale=np.sqrt(2 / np.prod(window)))
    biases = rng.normal(size=(1, features))
    weights = [(filters / np.sqrt(channels)).astype(np.single), biases.astype(np.single)]
    return {"type": "conv", "name": name, "weights": weights, **fields}


def relu(name):
    return {"type": "relu", "name": name}


def pool(name, window, **fields):
    return {"type": "pool", "name": name, "pool": window, **fields}


def vgg_f(rng, width=4, classes=7):
    """The 21 layers of imagenet-vgg-f: `width` is 64 and `classes` 1000 in the published one."""
    lrn = {"type": "lrn", "param": np.array([5, 2, 1e-4, 0.75])}
    ceil = {"method": "max", "stride": np.uint8(2), "pad": np.array([0, 1, 0, 1], np.uint8)}
    wide, full = 4 * width, 64 * width
    return [
        conv(rng, "conv1", 11, 11, channels=3, features=width, stride=4, pad=0),
        relu("relu1"),
        {**lrn, "name": "norm1"},
        pool("pool1", 3, **ceil),
        conv(rng, "conv2", 5, 5, channels=width, features=wide, stride=[1, 1], pad=[2, 2, 2, 2]),
        relu("relu2"),
        {**lrn, "name": "norm2"},
        pool("pool2", [3, 3], **ceil),
        conv(rng, "conv3", 3, 3, channels=wide, features=wide, pad=np.uint8(1)),
        relu("relu3"),
        conv(rng, "conv4", 3, 3, channels=wide, features=wide, stride=1, pad=1),
        relu("relu4"),
        conv(rng, "conv5", 3, 3, channels=wide, features=wide, stride=1, pad=1, dilate=1),
        relu("relu5"),
        pool("pool5", np.array([3, 3], np.uint8), **ceil),
        conv(rng, "fc6", 6, 6, channels=wide, features=full),
        relu("relu6"),
        conv(rng, "fc7", 1, 1, channels=full, features=full),
        relu("relu7"),
        conv(rng, "fc8", 1, 1, channels=full, features=classes),
        {"type": "softmax", "name": "prob"},
    ]


def write(path, layers, *, style="new", normalization, classes=None, compress=False):
    """Writes a net as `style` has it.

    `new`: `meta`, parameters as `weights`; `old`: `classes` and `normalization` beside the layers,
    `filters` and `biases`, `normalize`, biases in a column, fields in another order; `wrapped`:
    as new, but in `net`, and every cell a column.
    """
    column = style == "wrapped"
    layers = [_layer(layer, style) for layer in layers]
    meta = {"normalization": normalization, **({} if classes is None else {"classes": classes})}
    net = {"layers": cell(layers, column), **(meta if style == "old" else {"meta": meta})}
    net = {"net": net} if style == "wrapped" else net
    scipy.io.savemat(path, net, do_compression=compress)
    return path


def _layer(layer, style):
    fields = dict(layer)
    if "weights" in fields:
        # MATLAB keeps no dimension of one at the end of an array, from the third on.
        filters, biases = map(_without_last_ones, fields.pop("weights"))
        if style == "old":
            fields |= {"filters": filters, "biases": biases.T}
        else:
            fields["weights"] = cell([filters, biases], style == "wrapped")
    if style == "old" and fields["type"] == "lrn":
        fields["type"] = "normalize"
    return dict(reversed(fields.items())) if style == "old" else fields


def _without_last_ones(array):
    while array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
    return array


def forward(layers, x):
    """Every layer's output by name, from the input that has its mean taken off."""
    outputs = {}
    for layer in layers:
        outputs[layer["name"]] = x = _apply(layer, x)
    return outputs


def _apply(layer, x):
    stride = np.broadcast_to(layer.get("stride", 1), 2).astype(int)
    top, bottom, left, right = np.broadcast_to(np.ravel(layer.get("pad", 0)), 4).astype(int)
    padding = ((top, bottom), (left, right))
    match layer["type"]:
        case "conv":
            filters, biases = layer["weights"]
            biases = biases.ravel() if biases.size else np.zeros(filters.shape[-1])
            groups = x.shape[-1] // filters.shape[2]
            dilation = np.broadcast_to(layer.get("dilate", 1), 2)
            return references.conv(x, filters, biases, stride, padding, groups, dilation)
        case "pool":
            average = layer.get("method", "max") == "avg"
            function = references.average_pool if average else references.max_pool
            window = np.broadcast_to(layer["pool"], 2).astype(int)
            return function(x, window, stride, padding)
        case "lrn":
            window, *constants = np.ravel(layer.get("param", [5, 1, 2e-5, 0.75]))
            return references.lrn(x, int(window), *constants)
        case "relu":
            return references.relu(x)
        case "dropout":
            return x
        case "softmax":
            exponentials = np.exp(x - x.max())
            return exponentials / exponentials.sum()


def small(path, layers, size=(9, 12), classes=None, **normalization):
    """A file of `layers` that takes small images, with no mean."""
    normalization = {"imageSize": [*size, 3], **normalization}
    return write(path, layers, normalization=normalization, classes=classes)
