import torch

from monai_covid.lab.lungs.train import draw_batch, lung_loss, main, train
from monai_covid.preprocessing.lungs.network import load_weights


def test_same_seed_same_weights_and_untouched_global_generator(tmp_path, monkeypatch):
    monkeypatch.setattr("monai_covid.lab.lungs.train.CHESTS_PER_STEP", 1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    main(["--out", str(tmp_path / "w.npz"), "--steps", "2", "--seed", "3"])
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    again = train(2, seed=3).state_dict()
    for name, tensor in load_weights(tmp_path / "w.npz").state_dict().items():
        torch.testing.assert_close(tensor, again[name].half().float(), rtol=0, atol=0)


def test_seed_and_step_decide_the_batch():
    first, other = draw_batch(0, 1), draw_batch(0, 2)
    torch.testing.assert_close(first, draw_batch(0, 1), rtol=0, atol=0)
    assert not torch.equal(first[0], other[0])


def by_hand(logits, chest_logits, fields, chests):
    """The definition, image by image and in double precision."""
    total = 0.0
    p = torch.sigmoid(logits.double())
    t = fields.double()
    total += -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    missed = []
    for i in range(len(p)):
        for side in range(2):
            both = (p[i, side] * t[i, side]).sum()
            dice = (2 * both + 1) / (p[i, side].sum() + t[i, side].sum() + 1)
            missed.append((1 - dice) if chests[i] else torch.tensor(0.0))
    q = torch.sigmoid(chest_logits.double())
    chest = -(chests * q.log() + (1 - chests) * (1 - q).log()).mean()
    return total + torch.stack(missed).mean() + 0.3 * chest


def test_loss_by_hand():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 2, 8, 8, generator=generator)
    chest_logits = torch.randn(3, generator=generator)
    fields = (torch.rand(3, 2, 8, 8, generator=generator) > 0.5).float()
    chests = torch.tensor([1.0, 0.0, 1.0])
    fields[1] = 0.0
    expected = by_hand(logits, chest_logits, fields, chests)
    found = lung_loss(logits, chest_logits, fields, chests)
    torch.testing.assert_close(found.double(), expected.double(), rtol=1e-5, atol=1e-6)


def test_perfect_answer_costs_nothing():
    fields = torch.zeros(2, 2, 8, 8)
    fields[0, 0, :4] = fields[0, 1, 4:] = 1.0
    chests = torch.tensor([1.0, 0.0])
    assert lung_loss(40 * fields - 20, 40 * chests - 20, fields, chests) < 1e-5
