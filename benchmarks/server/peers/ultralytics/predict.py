"""Ultralytics' own predict on the exported file: `predict.py MODEL CONFIDENCE PICTURE`.

https://docs.ultralytics.com/modes/predict/. Asked `SECONDS` on a line, it answers with a line of JSON.
"""

import json
import statistics
import sys
import time

import cv2
import onnxruntime
import torch
from ultralytics import YOLO


class OneThread(onnxruntime.InferenceSession):
    """Ultralytics names no number of threads: ONNX Runtime then takes every core, whatever taskset says."""

    def __init__(self, model, session_options=None, **how):
        options = session_options or onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        super().__init__(model, options, **how)


onnxruntime.InferenceSession = OneThread
torch.set_num_threads(1)
cv2.setNumThreads(1)
model = YOLO(sys.argv[1], task="detect")
confidence, picture = float(sys.argv[2]), sys.argv[3]
for line in sys.stdin:
    times, stages, found = [], {"preprocess": [], "inference": [], "postprocess": []}, []
    begin = previous = time.perf_counter()
    while previous - begin < float(line):
        result = model.predict(picture, conf=confidence, iou=0.7, imgsz=640, device="cpu", verbose=False)[0]
        found.append(len(result.boxes))
        now = time.perf_counter()
        times.append(now - previous)
        previous = now
        for stage, milliseconds in result.speed.items():
            stages[stage].append(milliseconds / 1000)
    told = {
        "rate": len(times) / (previous - begin),
        "p50": statistics.median(times),
        "found": statistics.median(found),
        "stages": {stage: statistics.median(kept) for stage, kept in stages.items()},
    }
    print(json.dumps(told), flush=True)
