"""The target MindSpore: another framework, so a model is written anew from its configuration instead of edited."""
