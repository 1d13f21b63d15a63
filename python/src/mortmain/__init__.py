"""mortmain keeps shared agent state from being silently lost: fenced, durable commits over plain files."""
