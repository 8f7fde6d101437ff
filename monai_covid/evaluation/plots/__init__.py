"""Plots for reports and papers, one file per plot.

Every ``draw_`` function returns a new ``matplotlib.figure.Figure`` and touches no global state;
``save_png`` writes it. Each figure states its sample size and that it is for research use only.
"""
