"""Devices, threads and random numbers: what a computation runs on."""
