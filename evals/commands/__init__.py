"""What `footnote eval` can do besides grading a suite, one module each; evals/command.py puts them together."""
