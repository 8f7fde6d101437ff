from monai_covid.lab.studies.run_results import align_curves


def test_curves_of_different_lengths_are_filled_up():
    names = ("validation_auc", "validation_accuracy", "train_loss")
    curves = [{"epoch": [1, 2], **{name: [0.1, 0.2] for name in names}}]
    curves += [{"epoch": [1], **{name: [0.3] for name in names}}]
    found = align_curves(curves)
    assert found["epoch"] == [1, 2]
    assert found["validation_auc"] == [[0.1, 0.2], [0.3, None]]
