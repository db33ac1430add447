"""``python -m proofcall`` is the same as ``proofcall``."""

from proofcall.cli import main

main()
