"""What diseases add to the attenuation of a chest, one function per finding."""
