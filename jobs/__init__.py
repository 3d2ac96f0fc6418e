"""One entry point per job, named verb_object."""
