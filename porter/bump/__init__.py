"""A bump: the port made anew from a newer upstream, with what a person did to the older one carried across."""
