"""The clock of a publisher, kept to ours: his time stamps are moved before anything else reads them."""
