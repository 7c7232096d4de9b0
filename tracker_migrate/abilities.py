"""What a backend may be able to do besides what `interfaces` asks of it.

Each is a protocol of its own, so that a backend which cannot do it just lacks the method, and what
needs it says so. The engine asks with `isinstance`.
"""
