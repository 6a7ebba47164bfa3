"""A training in a process of its own: `python run_training.py DATASETS FOLDER [--…]`."""

import argparse
import dataclasses
import resource
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

parser = argparse.ArgumentParser()
parser.add_argument("datasets", type=Path)
parser.add_argument("folder", type=Path)
parser.add_argument("--largest-file", type=int)
parser.add_argument("--distributed", action="store_true")
parser.add_argument("--dropout", type=float)
parser.add_argument("--width", type=int)
parser.add_argument("--epochs", type=float)
parser.add_argument("--accumulate", type=int)


def main(options):
    from little_cifar import TINY

    from vizjax.devices import connected
    from vizjax.errors import InputError
    from vizjax.training import open_data, train

    names = ("dropout", "width", "epochs", "accumulate")
    given = {name: getattr(options, name) for name in names}
    config = dataclasses.replace(TINY, **{n: v for n, v in given.items() if v is not None})
    data = open_data("cifar10", config.resolved().side, folder=options.datasets)
    if options.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.largest_file, resource.RLIM_INFINITY))
    try:
        with connected(options.distributed):
            print(train(data, config, options.folder))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(parser.parse_args()))
