"""The configuration tree as files and folders: all that a mounted view decides, without FUSE."""
