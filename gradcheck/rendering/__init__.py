"""How a report looks: in a terminal, on a page, in a grader."""
