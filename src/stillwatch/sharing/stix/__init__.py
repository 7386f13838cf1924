"""STIX 2.1 as the forum writes it: closed, in bands and lists, without free text or floats."""
