"""Devices, threads and random numbers: what the arithmetic runs on."""
