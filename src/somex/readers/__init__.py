"""Readers and writers, one file per format; every reader returns labelled documents."""
