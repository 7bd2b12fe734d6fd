"""EmitC functions as C: signatures, statements and the names of locals."""

import re
from collections.abc import Iterator

from fdt_mlir.bindings import ir
from fdt_mlir.emitc import c_expressions as c
from fdt_mlir.emitc.c_expressions import Expr
from fdt_mlir.emitc.c_layout import comment_lines, statement_lines
from fdt_mlir.emitc.c_literals import LINE_COLUMNS
from fdt_mlir.emitc.c_names import Scope, hinted_name, located_name
from fdt_mlir.emitc.c_placement import Block, Node, Placement
from fdt_mlir.emitc.c_types import CType, c_type
from fdt_mlir.emitc.c_values import Values, constant, opaque_text

_INDENT = " " * 2
_WORTH_NAMING = 24  # columns: a shorter part stays where it is, and the line is broken
_INDUCTION_NAMES = ("i", "j", "k", "m", "n")
_PLACEHOLDER = re.compile(r"\{\{|\{\}")


def comment_of(op: ir.Operation, indent: str = "") -> list[str]:
    """Return the lines of the comment above `op`, none if it has no `fdt.comment`."""
    if "fdt.comment" not in op.attributes:
        return []
    return comment_lines(ir.StringAttr(op.attributes["fdt.comment"]).value, indent)


def prototype(func: ir.Operation, module_scope: Scope) -> list[str]:
    """Declare a function, with the names of its parameters if it has a body."""
    return statement_lines(
        _signature(func, _parameter_names(func, module_scope.nested())) + ";", ""
    )


def function(func: ir.Operation, module_scope: Scope) -> list[str]:
    """Define a function whose names must not collide with those of `module_scope`."""
    return list(_FunctionPrinter(func, module_scope.nested()).lines())


class _FunctionPrinter:
    def __init__(self, func: ir.Operation, scope: Scope):
        self._func = func
        self._scope = scope
        self._placement = Placement(func.regions[0].blocks[0])
        self._values = Values(self._placement)
        self._declarations: dict[Node, CType] = {}  # assignments that declare their variable

    def lines(self) -> Iterator[str]:
        names = _parameter_names(self._func, self._scope)
        body = self._placement.body
        yield from comment_of(self._func)
        yield from statement_lines(_signature(self._func, names) + " {", "")
        for argument, name in zip(body.arguments, names, strict=True):
            self._values.bind(argument, name)
            if not self._placement.is_used(argument):
                yield f"{_INDENT}(void){name};"
        yield from self._block(body, self._scope, _INDENT)
        yield "}"

    def _block(self, block: Block, scope: Scope, indent: str) -> Iterator[str]:
        for node in self._placement.statements(block):
            yield from comment_of(node.op, indent)
            yield from self._shortened(node, scope, indent)
            yield from self._statement(node, scope, indent)

    def _shortened(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        """Declare parts of a statement as locals until the rest fits on its line."""
        while len(indent + self._draft(node)) >= LINE_COLUMNS:
            part = self._part_to_name(node, LINE_COLUMNS - len(indent))
            if part is None:
                return
            yield from self._shortened(part, scope, indent)
            yield from statement_lines(self._named_value(part, scope) + ";", indent)

    def _part_to_name(self, node: Node, columns: int) -> Node | None:
        """Choose the longest part that asks for a name, else the longest that fits a line."""
        lengths = {part: len(self._draft(part)) for part in self._inlined_parts(node)}
        hinted = [part for part in lengths if hinted_name(part.op)]
        fitting = [
            part
            for part, length in lengths.items()
            if length < columns and len(self._values.converted(part.value).text) > _WORTH_NAMING
        ]
        return max(hinted or fitting, key=lengths.__getitem__, default=None)

    def _draft(self, node: Node) -> str:
        """Spell a statement about as long as it will be, without naming anything."""
        texts = [self._values.expression(value).text for value in self._spelled_operands(node)]
        if node.name == "variable" or not node.has_result:
            return (
                f"{node.name} ({'; '.join(texts)})" if node.name != "assign" else " += ".join(texts)
            )
        declaration = node.c_type.declare_const(hinted_name(node.op) or "v00")
        return f"{declaration} = {self._values.operation(node)}"

    def _inlined_parts(self, node: Node) -> Iterator[Node]:
        """Yield the operations printed inside the expressions of `node`."""
        for value in self._spelled_operands(node):
            part = self._placement.producer(value)
            if part is None or self._values.is_named(value):
                continue
            if not part.is_atom and not part.is_lvalue:
                yield part
            yield from self._inlined_parts(part)

    def _spelled_operands(self, node: Node) -> tuple[ir.Value, ...]:
        compound = self._placement.compound(node)
        return (node.operands[0], compound.value) if compound else node.operands

    def _statement(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        if node.name == "for":
            return self._for(node, scope.nested(), indent)
        if node.name == "if":
            return self._if(node, scope, indent)
        if node.name == "switch":
            return self._switch(node, scope, indent)
        if node.name == "verbatim":
            return self._verbatim(node, indent)
        text = self._simple_statement(node, scope)
        return iter(statement_lines(text + ";", indent) if text else [])

    def _simple_statement(self, node: Node, scope: Scope) -> str:
        if node.name == "variable":
            return self._variable(node, scope)
        if node.name == "assign":
            return self._assign(node)
        if node.name == "return":
            return f"return {self._values.converted(node.operands[0])}" if node.operands else ""
        if not node.has_result or not self._placement.is_used(node.value):
            return self._values.operation(node).text
        return self._named_value(node, scope)

    def _named_value(self, node: Node, scope: Scope) -> str:
        expression = self._values.converted(node.value)
        hint = hinted_name(node.op)
        name = scope.unique(hint) if hint else scope.numbered("v")
        self._values.bind(node.value, name)
        return f"{node.c_type.declare_const(name)} = {expression}"

    def _variable(self, node: Node, scope: Scope) -> str:
        variable_type = node.c_type
        name = scope.unique(hinted_name(node.op) or "acc")
        self._values.bind(node.value, name)
        attribute = node.op.attributes["value"]
        if opaque_text(attribute) != "":
            return f"{variable_type.declare(name)} = {constant(attribute, variable_type)}"
        assign = self._placement.initialising_assign(node)
        if assign is None or "fdt.comment" in node.op.attributes:
            return variable_type.declare(name)
        self._declarations[assign] = variable_type
        return ""

    def _assign(self, node: Node) -> str:
        target, value = node.operands
        spelled = self._values.expression(target).text
        if node in self._declarations:
            spelled = self._declarations[node].declare(spelled)
        compound = self._placement.compound(node)
        if compound is None:
            return f"{spelled} = {self._values.converted(value)}"
        symbol = c.BINARY_OPERATORS[compound.operation]
        return f"{spelled} {symbol}= {self._values.converted(compound.value)}"

    def _for(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        lower, upper, step = (self._values.bare(operand) for operand in node.operands)
        (body,) = node.regions
        (index,) = body.arguments
        hint = located_name(index.location)
        name = scope.unique(*([hint] if hint else _INDUCTION_NAMES))
        self._values.bind(index, name)
        condition = c.binary("<", Expr(name), upper)
        advance = f"++{name}" if step.text == "1" else f"{name} += {step}"
        first = f"{c_type(index.type).declare(name)} = {lower}"
        yield from statement_lines(f"for ({first}; {condition}; {advance}) {{", indent)
        yield from self._block(body, scope, indent + _INDENT)
        yield f"{indent}}}"

    def _if(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        head = "if"
        while True:
            condition = self._values.expression(node.operands[0])
            yield from statement_lines(f"{head} ({condition}) {{", indent)
            yield from self._block(node.regions[0], scope.nested(), indent + _INDENT)
            otherwise = node.regions[1:]
            statements = list(self._placement.statements(otherwise[0])) if otherwise else []
            if not self._is_else_if(statements):
                break
            head = "} else if"
            (node,) = statements
        if statements:
            yield f"{indent}}} else {{"
            yield from self._block(otherwise[0], scope.nested(), indent + _INDENT)
        yield f"{indent}}}"

    def _is_else_if(self, statements: list[Node]) -> bool:
        if len(statements) != 1 or statements[0].name != "if":
            return False
        return "fdt.comment" not in statements[0].op.attributes

    def _switch(self, node: Node, scope: Scope, indent: str) -> Iterator[str]:
        default, *cases = node.regions
        labels = [f"case {value}" for value in ir.DenseI64ArrayAttr(node.op.attributes["cases"])]
        yield from statement_lines(
            f"switch ({self._values.expression(node.operands[0])}) {{", indent
        )
        for label, region in zip([*labels, "default"], [*cases, default], strict=True):
            yield f"{indent}{label}: {{"
            yield from self._block(region, scope.nested(), indent + _INDENT)
            yield f"{indent}{_INDENT}break;"
            yield f"{indent}}}"
        yield f"{indent}}}"

    def _verbatim(self, node: Node, indent: str) -> Iterator[str]:
        text = ir.StringAttr(node.op.attributes["value"]).value
        if node.operands:
            operands = iter(node.operands)
            text = _PLACEHOLDER.sub(
                lambda match: (
                    "{"
                    if match[0] == "{{"
                    else self._values.expression(next(operands)).at_least(c.Precedence.POSTFIX).text
                ),
                text,
            )
        for line in text.split("\n"):
            yield f"{indent}{line}".rstrip()


def _parameter_names(func: ir.Operation, scope: Scope) -> list[str]:
    if not len(func.regions[0].blocks):
        return [""] * len(_function_type(func).inputs)
    hints = [located_name(argument.location) for argument in func.regions[0].blocks[0].arguments]
    return [scope.unique(hint) if hint else scope.numbered("arg") for hint in hints]


def _signature(func: ir.Operation, parameter_names: list[str]) -> str:
    function_type = _function_type(func)
    parameters = [
        c_type(parameter).declare(name)
        for parameter, name in zip(function_type.inputs, parameter_names, strict=True)
    ]
    specifiers: list[str] = []
    if "specifiers" in func.attributes:
        words = ir.ArrayAttr(func.attributes["specifiers"])
        specifiers = [ir.StringAttr(word).value for word in words]
    results = [c_type(result) for result in function_type.results] or [CType("void")]
    name = ir.StringAttr(func.attributes["sym_name"]).value
    declarator = results[0].declare(f"{name}({', '.join(parameters) or 'void'})")
    return " ".join([*specifiers, declarator])


def _function_type(func: ir.Operation) -> ir.FunctionType:
    return ir.FunctionType(ir.TypeAttr(func.attributes["function_type"]).value)
