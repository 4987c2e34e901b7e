"""Makes the example model `signs`: a 5 to 6 MB classifier of road signs in pictures of 96 by 96 pixels.

Run it with `make -C examples signs`: an environment of 6 GB, then about 8 minutes on two cores. It trains
torchvision's MobileNetV3-small from random weights on pictures that `pictures.py` draws, and writes `model/`
in Hugging Face's layout, with `metrics.json` and the card `README.md`.
"""

import argparse
import io
import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import card
import numpy as np
import onnx
import onnxruntime
import torch
from pictures import HARSH, LABELS, USUAL, Conditions, picture
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import nn
from torchvision.models import mobilenet_v3_small

MODEL = Path(__file__).parent / "model"
SEED = 20261121
SIDE = 96
WIDTH = 768
"""Of the layer before the last; torchvision's 1,024 are for a thousand labels."""
LEARNED, HELD_OUT = "china.jpg", "flower.jpg"
"""Photographs that ship with scikit-learn: no picture that is measured on has a background learned from."""
CHUNK = 500
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OPSET = 20


def main() -> None:
    """Draws, trains, exports, measures what was exported, and writes the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="1 where other work shares the cores")
    parser.add_argument("--pictures", type=int, default=10000, help="how many are learned from")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--output", type=Path, default=MODEL, help="where the artifact is written")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)

    started = time.monotonic()
    pixels, labels = drawn(arguments.pictures, LEARNED, USUAL, SEED)
    print(f"{len(labels)} pictures drawn in {time.monotonic() - started:.0f} s", flush=True)
    network = train(pixels, labels, arguments.epochs)
    seconds = time.monotonic() - started

    arguments.output.mkdir(exist_ok=True)
    session = export(network, arguments.output)
    accuracy, confused = {}, {}
    for name, conditions, seed in (("as learned", USUAL, SEED + 1), ("harsher", HARSH, SEED + 2)):
        pictures, expected = drawn(2000, HELD_OUT, conditions, seed)
        guessed = np.concatenate(
            [run(session, pictures[start : start + 100]) for start in range(0, len(pictures), 100)]
        ).argmax(axis=1)
        accuracy[name] = report(guessed == expected)
        confused[name] = most_confused(guessed, expected)
    metrics = {
        "accuracy": accuracy,
        "confused": confused,
        "learned": len(labels),
        "epochs": arguments.epochs,
        "labels": len(LABELS),
        "side": SIDE,
        "width": WIDTH,
        "seed": SEED,
        "threads": arguments.threads,
        "minutes": round(seconds / 60, 1),
        "megabytes": round((arguments.output / "onnx/model.onnx").stat().st_size / 1e6, 3),
        "session_p50_us": latency(session, pictures[:1]),
    }
    write(arguments.output, metrics)
    print(card.render(metrics))


def drawn(count: int, photograph: str, conditions: Conditions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 [count, 3, side, side], and the indices of their labels; each label equally often."""
    with ProcessPoolExecutor(2) as pool:
        starts = range(0, count, CHUNK)
        chunks = pool.map(
            _chunk,
            starts,
            [min(CHUNK, count - start) for start in starts],
            [photograph] * len(starts),
            [conditions] * len(starts),
            [seed] * len(starts),
        )
        pixels = np.concatenate(list(chunks))
    return pixels, np.arange(count) % len(LABELS)


def _chunk(start: int, count: int, photograph: str, conditions: Conditions, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, start])
    background = load_sample_image(photograph)
    files = (
        picture(LABELS[index % len(LABELS)], background, rng, conditions, SIDE)
        for index in range(start, start + count)
    )
    return np.stack([np.asarray(Image.open(io.BytesIO(file))).transpose(2, 0, 1) for file in files])


def train(pixels: np.ndarray, labels: np.ndarray, epochs: int, batch: int = 64) -> nn.Module:
    """Train from random weights; each picture is moved by up to 4 pixels each time it is seen."""
    network = mobilenet_v3_small(num_classes=len(LABELS))
    network.classifier = nn.Sequential(
        nn.Linear(576, WIDTH), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(WIDTH, len(LABELS))
    )
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            # torchvision's 0.01 is for longer trainings than this.
            module.momentum = 0.1
    steps = epochs * (len(labels) // batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.25)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    rng = np.random.default_rng(SEED)
    images, targets = torch.from_numpy(pixels), torch.from_numpy(labels)
    network.train().to(memory_format=torch.channels_last)
    for epoch in range(epochs):
        order, total = rng.permutation(len(labels)), 0.0
        for start in range(0, len(order) // batch * batch, batch):
            chosen = order[start : start + batch]
            moved = torch.roll(images[chosen], tuple(rng.integers(-4, 5, 2).tolist()), (2, 3))
            seen = normalized(moved).contiguous(memory_format=torch.channels_last)
            loss = criterion(network(seen), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / (len(order) // batch):.3f}", flush=True)
    return network.eval().to(memory_format=torch.contiguous_format)


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """What the server makes of pixels by `preprocessor_config.json`."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels.float() / 255 - mean) / std


def export(network: nn.Module, directory: Path) -> onnxruntime.InferenceSession:
    """Write one ONNX file that takes any number of pictures, and check that it answers as the network."""
    path = directory / "onnx/model.onnx"
    path.parent.mkdir(exist_ok=True)
    example = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(SEED))
    torch.onnx.export(
        network,
        (example,),
        path,
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_shapes=[{0: torch.export.Dim("batch")}],
        opset_version=OPSET,
        external_data=False,
        verbose=False,
    )
    model = onnx.load(path)
    for node in [*model.graph.node, *model.graph.value_info]:
        node.ClearField("metadata_props")  # the exporter's notes hold paths of the machine it ran on
        if isinstance(node, onnx.NodeProto):
            node.ClearField("doc_string")
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    [logits] = session.run(["logits"], {"pixel_values": example.numpy()})
    with torch.inference_mode():
        drift = float(np.abs(logits - network(example).numpy()).max())
    if drift > 1e-3:
        raise RuntimeError(f"the exported graph is off by {drift} from the network it was made from")
    return session


def run(session: onnxruntime.InferenceSession, pixels: np.ndarray) -> np.ndarray:
    """Logits of pictures."""
    tensor = normalized(torch.from_numpy(pixels)).numpy()
    logits: np.ndarray = session.run(["logits"], {"pixel_values": tensor})[0]
    return logits


def latency(session: onnxruntime.InferenceSession, pixels: np.ndarray, runs: int = 1000) -> int:
    """The median of many runs over one picture, in microseconds, on one thread."""
    feeds = {"pixel_values": normalized(torch.from_numpy(pixels)).numpy()}
    seconds = []
    for _ in range(runs + 100):
        begun = time.perf_counter()
        session.run(None, feeds)
        seconds.append(time.perf_counter() - begun)
    return round(float(np.median(seconds[100:])) * 1e6)


def most_confused(guessed: np.ndarray, expected: np.ndarray) -> dict[str, float | str]:
    """The label that is found least often, how often it is, and what it is taken for."""
    matrix = np.zeros((len(LABELS), len(LABELS)), dtype=int)
    np.add.at(matrix, (expected, guessed), 1)
    shares = matrix.diagonal() / matrix.sum(axis=1)
    worst = int(shares.argmin())
    others = matrix[worst].copy()
    others[worst] = 0
    return {
        "label": LABELS[worst],
        "share": round(float(shares[worst]), 3),
        "taken for": LABELS[int(others.argmax())],
    }


def report(right: np.ndarray) -> dict[str, float]:
    """{n, accuracy, low, high} with Wilson's 95 % interval (J. Am. Stat. Assoc. 22, 1927)."""
    n, share, z = len(right), float(right.mean()), 1.959964
    centre, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return {"n": n, "accuracy": round(share, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def write(directory: Path, metrics: dict) -> None:
    """The artifact's small files, in Hugging Face's layout, and the card."""
    config = {
        "architectures": ["MobileNetV3ForImageClassification"],
        "model_type": "mobilenet_v3",
        "problem_type": "single_label_classification",
        "image_size": SIDE,
        "num_labels": len(LABELS),
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "label2id": {label: index for index, label in enumerate(LABELS)},
    }
    preprocessor = {
        "image_processor_type": "ViTImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"height": SIDE, "width": SIDE},
        "resample": int(Image.Resampling.BILINEAR),
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
    }
    for name, content in (
        ("config.json", config),
        ("preprocessor_config.json", preprocessor),
        ("metrics.json", metrics),
    ):
        (directory / name).write_text(json.dumps(content, indent=2) + "\n")
    (directory / "README.md").write_text(card.render(metrics))


if __name__ == "__main__":
    main()
