"""Hand a compiled model to a build system: a folder that its own tool accepts."""

# Apart from the functions in registry.py, so that the command line can name them at once.
PACKAGE_KINDS = ("cmake", "zephyr", "arduino", "platformio", "esp-idf", "cmsis-pack")
