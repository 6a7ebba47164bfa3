"""Networks: the paper's, SqueezeNet, and whatever a MatConvNet file holds."""

from vizjax.models.convnet import ConvNet
from vizjax.models.labels import Labels
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.models.squeezenet import SqueezeNet
from vizjax.models.zoo import NETWORKS, load
