"""Where state lives: the ledger in a relational database, history and models in a store of files."""
