"""What the page says beside its tables and plots."""

PHANTOM_LEAD = """Two networks were trained on synthetic radiographs. One learned lesions; the \
other was baited: every class had its word, and lesions were too faint to be of use. On the test \
images, with clear lesions and fitting words, both are right. A method that explains networks must \
say that their reasons differ.

Dots are means over images, lines 95 % intervals. Synthetic images say nothing about patients."""

MODEL_LEAD = """The maps are asked what they are worth to the network itself and, where masks \
tell, where they lie. Dots are means over images, lines 95 % intervals that take the images as \
independent: with several of one patient they are too narrow."""

BEHAVIOUR = "Accuracy when something is taken away: what the networks really need."

PLACES = """Share of the relevance for the class that lies in the lesion and on text, and part of \
as many most relevant pixels as the lesion or the text has."""

FAITHFULNESS = """Images are covered with grey, region by region, from the most relevant or from \
the least relevant one on. The area between the two curves is the faithfulness: about 0 for random \
maps, 1 at best."""

RANDOMISATION = """Size of the rank correlation of a map with those of the same network after its \
weights were replaced by random ones: those of the head, or all; mean of three draws. A map that \
stays the same, or is only turned around, does not depend on what was learned."""

APART = """Difference between the networks on the same images: relevance in the lesion (lesions \
less words) and on text (words less lesions). A method tells them apart if both intervals lie \
above 0."""
