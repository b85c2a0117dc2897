"""Runs the learner's `publish.py`, and then loads what it wrote as the receiver does: without the package `tide`."""

import os
import runpy
import shutil
import sys
import tempfile

from transformers import AutoModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING


def forget_what_the_receiver_does_not_have() -> None:
    """The receiver's process has neither the package nor what `publish.py` may have registered for its own loads."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tide"]:
        del sys.modules[name]
    CONFIG_MAPPING._extra_content.clear()
    AutoModel._model_mapping._extra_content.clear()


shutil.rmtree("published", ignore_errors=True)  # of an earlier try
sys.path.insert(0, "")  # as where `python publish.py` looks: the working directory
runpy.run_path("publish.py", run_name="__main__")

with tempfile.TemporaryDirectory() as elsewhere:
    shutil.move("published", elsewhere)
    os.chdir(elsewhere)
    forget_what_the_receiver_does_not_have()
    AutoModel.from_pretrained("published", trust_remote_code=True)
