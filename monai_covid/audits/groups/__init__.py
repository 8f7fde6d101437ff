"""Subgroup performance: is the model as right for every group of patients?"""
