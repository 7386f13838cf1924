"""What may leave a firm, decided by code: fields, banned classes, legal basis, retention."""
