"""The ways in which a model is built: as it is, or with somebody who listens to what it tells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """How a program is made of a model.

    function: the end of the name of the function that is called.
    listener: the file of `support/` that a traced model tells its steps and buffers; None for the
        product itself.
    model_flags: for the compiler, of the model alone.
    host_only: why only the host can run it; empty where every target can.
    """

    name: str
    function: str = "invoke"
    listener: str | None = None
    model_flags: tuple[str, ...] = ()
    host_only: str = ""

    @property
    def stem(self) -> str:
        """What the names of a model's functions begin with, behind that of the model."""
        return "traced_" if self.listener else ""


PLAIN = Variant("plain")
SELFTEST = Variant("selftest", "selftest")
PROFILE = Variant("profile", "traced_invoke", "trace_profile.c")
LAYERS = Variant("layers", "traced_invoke", "trace_layers.c")
SHADOW = Variant(
    "shadow",
    "traced_invoke",
    "trace_shadow.c",
    # Calls for every access, one by one: no vectors, which may read what the C does not, and no
    # loops that become memset.
    ("-O1", "-fsanitize=thread", "-fno-tree-vectorize", "-fno-tree-loop-distribute-patterns"),
    host_only="the shadow memory needs the host's address space",
)
