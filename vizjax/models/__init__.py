"""Networks: the paper's, published ones by name, and whatever a MatConvNet file holds."""

from vizjax.models.convnet import ConvNet
from vizjax.models.labels import Labels
from vizjax.models.mobilenet import MobileNetV2
from vizjax.models.network import Network
from vizjax.models.preprocessing import Preprocessing
from vizjax.models.resnet import ResNet
from vizjax.models.squeezenet import SqueezeNet
from vizjax.models.trunks import AlexNetTrunk, VGG16Trunk
from vizjax.models.zoo import NETWORKS, load
