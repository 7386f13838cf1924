"""One campaign over three providers, simulated: what sharing changes, and whom it could harm."""
