"""DICOM in and out, without torch: reading, eligibility, results, and the service."""
