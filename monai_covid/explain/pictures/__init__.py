"""Pictures of relevance maps: on white, on the radiograph, and all classes side by side."""
