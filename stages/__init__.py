"""One module per DVC stage; modules that begin with an underscore are shared by stages."""
