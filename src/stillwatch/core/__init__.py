"""Records, contracts, errors and configuration. Nothing here reads or writes anything."""
