import pkgutil
import subprocess
import sys

import monai_covid.evaluation

PROGRAM = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "monai", "ignite"):
            raise ImportError(name + " is not to be imported here")

sys.meta_path.insert(0, Refuse())
import monai_covid.evaluation
import monai_covid.evaluation.plots
modules = {modules}
for module in modules:
    importlib.import_module(module)
assert "matplotlib.pyplot" not in sys.modules
print(len(modules))
"""


def own_modules():
    found = pkgutil.walk_packages(monai_covid.evaluation.__path__, "monai_covid.evaluation.")
    return [module.name for module in found]


def test_works_without_torch_and_without_pyplot():
    modules = own_modules()
    program = PROGRAM.format(modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(modules) > 20
