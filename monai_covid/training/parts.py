"""The parts of a training workflow, for the bundle's configs to put together.

What all stages have in common is written once, in the functions and classes that are named here.
In a config, each takes the options that bear the names of its parameters, such as ``seed`` or
``val_interval``, unless the config gives something else, and an error of the user's input ends the
run with one clear line; see ``options.part``. Called from Python, the functions themselves know
nothing of configs, and raise.
"""

from __future__ import annotations

from monai_covid.data import datalists, unlabelled
from monai_covid.preprocessing import chains
from monai_covid.training import (
    checkpoint,
    classes,
    cross_validation,
    distillation,
    engines,
    handlers,
    losses,
    optimizer,
    relevance_guidance,
    run,
    sampling,
    settings,
    start,
)
from monai_covid.training.options import part

stage3_datalist = part(datalists.stage3_datalist)
stage2_datalist = part(datalists.stage2_datalist)
unlabelled_datalist = part(unlabelled.unlabelled_datalist)
training_transforms = part(chains.training_transforms)
inference_transforms = part(chains.inference_transforms)
with_lung_masks = part(relevance_guidance.with_lung_masks)
radiographs = part(engines.radiographs)
source_groups = part(sampling.source_groups)
training_loader = part(engines.training_loader)
validation_loader = part(engines.validation_loader)
probabilities = part(engines.probabilities)
trainer = engines.trainer
evaluator = engines.evaluator

run_labels = part(classes.run_labels)
network_info = part(start.network_info)
build_seeded = part(start.build_seeded)
start_from_first_stage = part(start.start_from_first_stage)
start_stage3 = part(start.start_stage3)
teacher = part(distillation.Teacher)
stage3_loss = part(losses.stage3_loss)
make_optimizer = part(optimizer.make_optimizer)
phased_cosine = part(optimizer.phased_cosine)

set_up = part(run.set_up)
check_folder = part(run.check_folder)
prepare_images = part(run.prepare_images)
open_folder = part(run.open_folder)
resume = part(run.resume)
running_settings = part(settings.running_settings)
run_checkpoint = part(checkpoint.run_checkpoint)

head_first = part(optimizer.HeadFirst)
guide_to_lungs = part(handlers.relevance_guidance)
training_handlers = part(handlers.training_handlers)
validation_handlers = part(handlers.validation_handlers)

cross_validate_stage = part(cross_validation.cross_validate_stage)
