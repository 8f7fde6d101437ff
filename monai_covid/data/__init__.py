"""Reading chest X-ray collections into MONAI datalists, and the synthetic phantom."""
