"""`spoonful eval`: each stage measured on a folder of labelled data."""
