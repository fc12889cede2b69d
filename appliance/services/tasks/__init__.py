"""Work that goes on when the one who asked for it is gone."""
