"""What can be told without looking at lungs: shape, border, texture, and a model without lungs."""
