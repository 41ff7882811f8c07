"""The ratchet: a repository that is portable, or on its way there, gets no new place that touches CUDA in silence."""
