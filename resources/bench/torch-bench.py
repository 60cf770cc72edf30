"""The steps of `chestlight bench` in PyTorch, for comparison: same model, batch, optimiser and input, measured one by one.

Usage: python torch-bench.py '{"what": "train", "model": "tiny", "batch": 8, "microBatch": 8}'

Prints one JSON object a line: what it is, then the milliseconds of one step for every line read, then, when the input
ends, the memory that this process held. Needs torch and nothing else. `what`: train (at 224 pixels), distil (at 28
pixels, MLCAK, the teacher asked in every step), predict (one film with the attention of the last block), predict-batch
(`batch` films at once).
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

SIZE, PATCH, DEPTH, FINDINGS, LOW = 224, 16, 12, 22, 28
SHAPES = {"tiny": (192, 3), "small": (384, 6), "base": (768, 12)}
EPSILON = 1e-6


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def parts(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        return qkv.permute(2, 0, 3, 1, 4).unbind(0)

    def rest(self, x, mixed):
        x = x + self.proj(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    def forward(self, x):
        return self.rest(x, F.scaled_dot_product_attention(*self.parts(x)))

    def with_attention(self, x):
        q, k, v = self.parts(x)
        attention = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1)
        return self.rest(x, attention @ v), attention


class ViT(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        tokens = (SIZE // PATCH) ** 2 + 1
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.patch = nn.Conv2d(3, width, PATCH, PATCH)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.t1 = nn.Linear(width, FINDINGS)
        self.t2 = nn.Linear(width, 2)

    def embed(self, images):
        rgb = (images.expand(-1, 3, -1, -1) - 0.5) / 0.5
        patches = self.patch(rgb).flatten(2).transpose(1, 2)
        return torch.cat([self.cls.expand(len(images), -1, -1), patches], 1) + self.positions

    def heads(self, x):
        first = self.norm(x[:, 0])
        return self.t1(first), self.t2(first)

    def forward(self, images, mean_of_blocks=False):
        x = self.embed(images)
        total = None
        for block in self.blocks:
            x = block(x)
            if mean_of_blocks:
                total = x if total is None else total + x
        return *self.heads(x), total / DEPTH if mean_of_blocks else None

    def with_attention(self, images):
        x = self.embed(images)
        for block in self.blocks[:-1]:
            x = block(x)
        x, attention = self.blocks[-1].with_attention(x)
        return *self.heads(x), attention[:, :, 0, 1:].mean(1)


def network_input(films, resolution):
    """Grey bytes [B, 1, 224, 224] -> 0..1, through `resolution` pixels and back."""
    if resolution == SIZE:
        return films.float() / 255
    low = F.avg_pool2d(films.float(), SIZE // resolution).add(0.5).floor()
    return F.interpolate(low, size=(SIZE, SIZE), mode="bilinear", align_corners=False) / 255


def make_model(name):
    torch.manual_seed(1)
    return ViT(*SHAPES[name])


def make_training(settings):
    model = make_model(settings["model"])
    distils = settings["what"] == "distil"
    teacher = make_model(settings["model"]).eval().requires_grad_(False) if distils else None
    matrices = [p for name, p in model.named_parameters() if p.ndim > 1 and name not in ("cls", "positions")]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or name in ("cls", "positions")]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=3e-4, fused=True)
    batch, micro = settings["batch"], settings["microBatch"]
    films = torch.randint(0, 256, (batch, 1, SIZE, SIZE), dtype=torch.uint8)
    t1 = torch.randint(0, 2, (batch, FINDINGS)).float()
    t2 = F.one_hot(torch.randint(0, 2, (batch,)), 2).float()

    def step():
        optimiser.zero_grad(set_to_none=True)
        for start in range(0, batch, micro):
            part = slice(start, start + micro)
            share = len(films[part]) / batch
            z1, z2, mean = model(network_input(films[part], LOW if distils else SIZE), distils)
            loss = F.binary_cross_entropy_with_logits(z1, t1[part]) + F.binary_cross_entropy_with_logits(z2, t2[part])
            if teacher is not None:
                with torch.no_grad():
                    y1, y2, wanted = teacher(network_input(films[part], SIZE), True)
                loss = loss + F.mse_loss(z1, y1) + F.mse_loss(z2, y2) + F.mse_loss(mean, wanted)
            (loss * share).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return model, step


def make_prediction(settings):
    model = make_model(settings["model"]).eval()
    count = settings["batch"] if settings["what"] == "predict-batch" else 1
    films = torch.randint(0, 256, (count, 1, SIZE, SIZE), dtype=torch.uint8)

    def step():
        with torch.inference_mode():
            z1, z2, attention = model.with_attention(network_input(films, SIZE))
            return z1.sigmoid().tolist(), ((z2[:, 1] - z2[:, 0]) / 2).sigmoid().tolist(), attention.tolist()

    return model, step


def peak_bytes():
    """None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def say(**values):
    print(json.dumps(values), flush=True)


def main():
    settings = json.loads(sys.argv[1])
    model, step = make_prediction(settings) if settings["what"].startswith("predict") else make_training(settings)
    count = sum(p.numel() for p in model.parameters())
    say(parameters=count, version=torch.__version__, threads=torch.get_num_threads())
    for _ in sys.stdin:
        began = time.perf_counter()
        step()
        say(ms=(time.perf_counter() - began) * 1000)
    say(rssBytes=peak_bytes())


if __name__ == "__main__":
    main()
