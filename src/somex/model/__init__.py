"""Encoder, heads, losses, batches; the torch and the ONNX backends."""
