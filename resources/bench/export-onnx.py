"""Writes the model of `torch-bench.py predict` as ONNX, for comparison with onnxruntime-node (onnx-bench.mjs).

Usage: python export-onnx.py tiny model.onnx. Needs torch and onnx. Input `film`: grey bytes as float [films, 1, 224, 224];
outputs: both heads' logits and the class token's attention of the last block.
"""

import importlib.util
import pathlib
import sys

import torch
from torch import nn

spec = importlib.util.spec_from_file_location("torch_bench", pathlib.Path(__file__).with_name("torch-bench.py"))
torch_bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(torch_bench)


class Prediction(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, film):
        return self.model.with_attention(film / 255)


name, path = sys.argv[1:]
model = Prediction(torch_bench.make_model(name)).eval()
film = torch.zeros(1, 1, torch_bench.SIZE, torch_bench.SIZE)
torch.onnx.export(model, (film,), path, input_names=["film"], output_names=["t1", "t2", "attention"], dynamic_axes={"film": {0: "films"}}, opset_version=17, dynamo=False)
