"""Agreement with readers: the model beside people who looked at the same images."""
