"""stillwatch: the open, self-hostable defence against adversarial distillation."""

__version__ = "0.1.0"

__all__ = ["__version__"]
