"""Does the model read the burnt-in text?"""
