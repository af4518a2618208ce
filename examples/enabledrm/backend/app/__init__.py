"""The ENABLEDRM demo application: one code base for the API, the worker, the scheduler and the migrations."""

__version__ = "1.0.0"
