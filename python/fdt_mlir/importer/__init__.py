"""From a model file to a verified module of static shapes, with the numerics of its reference."""
