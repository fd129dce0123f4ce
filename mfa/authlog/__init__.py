"""Reading authentication logs, our own and those of others: what happened, in words, and who was asked twice."""
