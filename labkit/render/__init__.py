"""Text made of a plan: the Vagrantfile, ssh_config."""
