"""Where state lives: the ledger in a database, history and models in a store of files."""
