"""What the operator counts about what it tells people."""

from typing import Final

from prometheus_client import Counter, Gauge

NOTIFICATIONS: Final = Counter(
    "modelyard_operator_notifications_total",
    "Notifications: delivered, retried (an attempt was not taken), failed (given up), dropped (too many).",
    ["channel", "outcome"],
)
PENDING: Final = Gauge("modelyard_operator_notifications_pending", "Notifications that are under way.")
