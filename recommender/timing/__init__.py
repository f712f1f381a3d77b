"""When a customer will want a type of product again: one ``fit`` and one ``due`` for each."""
