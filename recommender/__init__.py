"""What a customer will want, and when: usable by itself, knows nothing of who asks.

``recommender.items`` ranks items, ``recommender.timing`` tells when a type of product is due,
``recommender.evaluate`` measures both on held-out history, ``recommender.gate`` decides which
model may speak, and ``recommender.artifact`` keeps a model as one verifiable file.
"""
