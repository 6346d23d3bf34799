"""The sandbox's cloud held against the official description of the API that it stands for."""
