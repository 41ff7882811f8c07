"""What a vendor's module offers beside torch.<device>: one file per vendor, found by its name."""
