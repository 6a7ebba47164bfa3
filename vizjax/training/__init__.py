"""The paper's training, from a laptop to many hosts: `train(data, config, folder)`.

Pictures are read as uint8 and cropped, reflected, lit and partly zeroed out on the device, by pure
functions of a key and an image. Order, crops and dropout are functions of the seed and of the step
alone: a run that was killed goes on to the same numbers, and the number of devices, hosts and
reading processes changes nothing but the time.
"""

from vizjax.training.config import Config
from vizjax.training.data import Data, open_data
from vizjax.training.loop import Outcome, Progress, train
