"""From a DICOM instance to grey values, or a reason why not."""
