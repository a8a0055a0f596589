"""Cases drafted from the documents themselves: a module a kind of question; suite.py puts them together."""
