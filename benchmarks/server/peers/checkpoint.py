"""Makes a Hugging Face checkpoint of `weights.npz`: `checkpoint.py FOLDER MODEL`."""

import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

folder, model = Path(sys.argv[1]), Path(sys.argv[2])
save_file(dict(np.load(model / "weights.npz")), folder / "model.safetensors", {"format": "pt"})
for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
    shutil.copy(model / name, folder)
