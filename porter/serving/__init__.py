"""Measures a server that speaks OpenAI's protocol: throughput, time to the first token, time per token, errors."""
