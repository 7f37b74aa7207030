"""The tests, in which the stack is called `lab`."""

import os

# As the template sets it; the product's metrics read it when they are first imported.
os.environ["POWERTOOLS_SERVICE_NAME"] = "lab"
