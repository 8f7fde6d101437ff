"""Memory of the largest images, measured in a process of their own."""

import json
import subprocess
import sys

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from tests.dicom.instances import in_syntax, instance, saved

pytestmark = pytest.mark.slow

ROWS, COLUMNS = 9100, 8600
"""78 million pixels."""

READ = """
import json, resource, sys
import numpy as np
from monai_covid.dicom.reading.pixels import read_radiograph

small, large = sys.argv[1:]
read_radiograph(small)  # loads the libraries
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
grey = read_radiograph(large)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
samples = grey[::1000, ::1000].ravel().tolist()
print(json.dumps([used * 1024, str(grey.dtype), list(grey.shape), samples]))
"""


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGLSLossless])
@pytest.mark.parametrize(
    "shown",
    [{"WindowCenter": 2048, "WindowWidth": 4097}, {"PhotometricInterpretation": "MONOCHROME1"}],
)
def test_no_more_than_three_times_the_decoded_pixels_are_taken(tmp_path, syntax, shown):
    down = np.arange(ROWS, dtype=np.uint32)[:, None] * 2048 // ROWS
    right = np.arange(COLUMNS, dtype=np.uint32)[None] * 2000 // COLUMNS
    pixels = (down + right).astype(np.uint16)
    paths = []
    for name, part in (("small", pixels[:300, :300]), ("large", pixels)):
        dataset = in_syntax(instance(part.copy(), 12, PixelPaddingValue=4095, **shown), syntax)
        paths.append(saved(dataset, tmp_path / name))
    command = [sys.executable, "-c", READ, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    used, kind, shape, samples = json.loads(done.stdout)
    assert (kind, shape) == ("float32", [ROWS, COLUMNS])
    # Stored pixels and grey values, which are three times the stored pixels of 16 bits, and little.
    assert used < 3 * pixels.nbytes + 32e6
    stored = pixels[::1000, ::1000].ravel().astype(float)
    expected = 4095 - stored if "PhotometricInterpretation" in shown else stored
    np.testing.assert_allclose(samples, expected, atol=0.5)
