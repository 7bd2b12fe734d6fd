"""A TinyML compiler: least RAM for a model, unchanged outputs, plain C."""

__version__ = "0.1.0"
