"""Tells people what happens to a rollout: a file a channel, sent in the background."""
