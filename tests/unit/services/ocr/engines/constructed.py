"""Weights for EasyOCR's own networks that are built, not trained: they see ink, and take every line for one character.

The detector is CRAFT with all weights zero but for one channel, which carries the darkness of the picture from its
second convolution straight to the score of text, and a little widened to the score of links between letters.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

READ = "字"


def build(folder: Path) -> dict[str, str]:
    """Writes the files; gives their MD5 sums by name."""
    import torch
    from easyocr.config import recognition_models
    from easyocr.craft import CRAFT
    from easyocr.model.vgg_model import Model

    folder.mkdir(parents=True)
    torch.manual_seed(1)
    characters = recognition_models["gen2"]["zh_sim_g2"]["characters"]
    detector = CRAFT()
    _see_ink(detector)
    recognizer = Model(input_channel=1, output_channel=256, hidden_size=256, num_class=len(characters) + 1)
    _say(recognizer, characters.index(READ) + 1)
    return {
        name: _save(folder / name, network)
        for name, network in (("craft_mlt_25k.pth", detector), ("zh_sim_g2.pth", recognizer))
    }


def _save(path, network):
    import torch

    # As if saved from DataParallel, which is how the true ones were.
    torch.save({f"module.{name}": value for name, value in network.state_dict().items()}, path)
    return hashlib.md5(path.read_bytes()).hexdigest()


def _see_ink(detector):
    import torch

    with torch.no_grad():
        for parameter in detector.parameters():
            parameter.zero_()
        for module in detector.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.fill_(1)
        first, second, third, fourth = [
            module for module in detector.basenet.slice1 if isinstance(module, torch.nn.Conv2d)
        ]
        first.weight[0, :, 1, 1] = -0.2  # normalised white is about +2.3 a channel, black about -2.0
        first.bias[0] = 0.4
        for convolution in (second, third, fourth):
            _pass_on(convolution)
        # upconv4 takes 64 channels from below, which are zero, and then the 128 of the fourth convolution.
        narrow, wide = [module for module in detector.upconv4.conv if isinstance(module, torch.nn.Conv2d)]
        _pass_on(narrow, source=64)
        _pass_on(wide)
        scores = [module for module in detector.conv_cls if isinstance(module, torch.nn.Conv2d)]
        for convolution in scores[:-1]:
            _pass_on(convolution)
        scores[0].weight[1, 0] = 1.0  # channel 1: the same, widened by the kernel's size
        for convolution in scores[1:-1]:
            convolution.weight[1, 1, min(1, convolution.kernel_size[0] - 1), :] = 1.0
        scores[-1].weight[0, 0] = 2.0
        scores[-1].weight[1, 1] = 2.0


def _pass_on(convolution, source=0):
    middle = convolution.kernel_size[0] // 2
    convolution.weight[0, source, middle, middle] = 1.0


def _say(recognizer, index):
    import torch

    with torch.no_grad():
        recognizer.Prediction.weight.zero_()
        recognizer.Prediction.bias.zero_()
        recognizer.Prediction.bias[index] = 20.0
