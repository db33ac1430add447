"""An import contract: files whose docstring begins with PURE import nothing that acts."""

from __future__ import annotations

from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PureFilesContract(Contract):
    """No direct import of a forbidden package from a file marked PURE.

    Indirect ones are no concern: what a pure file imports of ours is either pure
    itself or holds names only.
    """

    roots = fields.ListField(subfield=fields.StringField())
    forbidden = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every file marked PURE and look at what it imports."""
        del verbose
        wrong: list[str] = []
        marked = 0
        for root in self.roots:  # type: ignore[attr-defined]
            for path in sorted(Path(root).rglob("*.py")):
                if not path.read_text().startswith('"""PURE'):
                    continue
                marked += 1
                module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
                imported = graph.find_modules_directly_imported_by(module)
                wrong += [
                    f"{module} imports {name}"
                    for name in sorted(imported)
                    if name.split(".")[0] in self.forbidden  # type: ignore[operator]
                ]
        if marked == 0:
            wrong.append("no file is marked PURE: is the check looking in the right place?")
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that breaks the contract."""
        for line in check.metadata["wrong"]:
            output.print_error(line)
