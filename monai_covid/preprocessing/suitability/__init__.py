"""Whether an image is an upright frontal chest radiograph.

Research use only. Image statistics find what is blank, noise, a document or badly exposed; a small
network answers the other questions. How well: docs/explanation/image-checks.md.
"""
