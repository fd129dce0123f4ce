"""Whether every part of the portal works: what a job looks at, what a page reads, and who is told."""
