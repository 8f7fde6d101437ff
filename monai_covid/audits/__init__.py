"""Attempts to prove a model or a collection wrong: what else than disease could decide?"""
