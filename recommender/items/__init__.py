"""What a customer will want: one ``fit`` and one ``recommend`` for every model."""
