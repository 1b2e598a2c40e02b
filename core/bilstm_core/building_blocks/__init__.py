"""What a network is built from: recurrent cells, merges of two directions, readouts.

Each choice is one entry with its title, its line of help and its function. The schema, the
command line's help, the form, the sketch, the README and the examiner read it from there.
"""
