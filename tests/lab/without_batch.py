"""Spares every process that imports the lab two thirds of the import: moto's backend of EC2, with all its regions.

moto's interpreter of workflows takes one enumeration from the package of AWS Batch, whose backend brings that of EC2
along. Here it takes it from its module alone; whoever imports the package later has it as it is.
"""

import importlib
import importlib.util
import sys

PACKAGE = "moto.batch"
TAKER = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch"

if PACKAGE not in sys.modules:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)  # not executed
    try:
        importlib.import_module(TAKER)
    finally:
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
