"""Who speaks: certificates, signed requests and signed bundles of the forum's members."""
