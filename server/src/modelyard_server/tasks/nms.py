"""Non-maximum suppression: of boxes that show one thing, the best stays.

Greedy, by class, as in Felzenszwalb et al., Object Detection with Discriminatively Trained Part-Based Models,
IEEE TPAMI 32 (2010), section 3.6, with overlap measured as the Pascal VOC challenge does (intersection over
union).
"""

import numpy as np

from modelyard_server.engines.base import Array


def suppress(boxes: Array, scores: Array, classes: Array, iou: float, most: int) -> Array:
    """Choose the boxes that stay.

    Args:
        boxes: Left, top, right and bottom of each; of shape [boxes, 4].
        scores: Of shape [boxes].
        classes: Of shape [boxes]; boxes of two classes leave each other alone.
        iou: Of two boxes that overlap by more, the one with the lower score goes.
        most: Most boxes that stay.

    Returns:
        The indexes of those that stay, by falling score; equal scores keep their order.
    """
    # Stable, so that equal scores don't leave the choice to the sort.
    waiting = np.argsort(-scores, kind="stable")
    # Columns lie in a row each, and once in order they only ever get shorter.
    left, top, right, bottom = np.ascontiguousarray(boxes[waiting].T)
    kinds = classes[waiting]
    areas = (right - left) * (bottom - top)
    kept: list[int] = []
    while len(waiting) and len(kept) < most:
        kept.append(int(waiting[0]))
        width = np.minimum(right[0], right[1:]) - np.maximum(left[0], left[1:])
        height = np.minimum(bottom[0], bottom[1:]) - np.maximum(top[0], top[1:])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        # Written without a division, since two empty boxes have no union.
        stays = (shared <= iou * (areas[0] + areas[1:] - shared)) | (kinds[1:] != kinds[0])
        if stays.all():
            waiting, left, top, right, bottom = waiting[1:], left[1:], top[1:], right[1:], bottom[1:]
            kinds, areas = kinds[1:], areas[1:]
            continue
        index = np.flatnonzero(stays) + 1
        waiting, left, top, right, bottom = (
            waiting[index],
            left[index],
            top[index],
            right[index],
            bottom[index],
        )
        kinds, areas = kinds[index], areas[index]
    return np.array(kept, dtype=np.intp)
