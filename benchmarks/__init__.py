"""Speed and scale, measured: one line a goal, and the same as JSON under results/."""
