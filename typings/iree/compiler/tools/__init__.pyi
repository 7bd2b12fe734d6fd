"""Types of `iree.compiler.tools`: only its modules are used."""
