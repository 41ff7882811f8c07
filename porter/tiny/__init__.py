"""Small models that know a few answers by heart, as checkpoint folders to try any script with."""
